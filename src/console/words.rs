//! How numbers, durations, ages and times are written on screens.
