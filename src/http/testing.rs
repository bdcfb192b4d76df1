//! A server for tests: says exactly the bytes it is told, and remembers what it was asked.
