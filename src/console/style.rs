//! Semantic colour tokens, themes and glyphs.
