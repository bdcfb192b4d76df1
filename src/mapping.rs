//! Schema, attribute mappings, scoping filters, matching rules, presets.
