//! The terminal: entering and leaving it, one write per frame, input on a thread of its own.
