//! Lengths of time as people write them: `40m`, `20s`, `1h30m`.

use std::time::Duration;

/// Shorter than this is a busy loop against somebody else's service.
pub(super) const SHORTEST: Duration = Duration::from_secs(5);
/// Directory delta links expire after seven days: a job that runs more rarely would read everything every time.
pub(super) const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// What is wrong with an interval; its `Display` says what to write instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WrongInterval {
    /// Not numbers with units.
    #[error("write it like \"40m\", \"20s\" or \"1h30m\"")]
    Shape,
    /// Below [`SHORTEST`].
    #[error("the shortest interval is {}", format_interval(SHORTEST))]
    Short,
    /// Above [`LONGEST`].
    #[error("the longest interval is {}: then Entra forgets where we were", format_interval(LONGEST))]
    Long,
}

/// Reads an interval: numbers with the units `d`, `h`, `m`, `s`, each at most once and in that order.
///
/// # Errors
/// What is wrong, in words.
pub fn parse_interval(text: &str) -> Result<Duration, String> {
    interval(text).map_err(|wrong| wrong.to_string())
}

/// As [`parse_interval`], for a caller that says more.
pub(super) fn interval(text: &str) -> Result<Duration, WrongInterval> {
    const UNITS: [(char, u64); 4] = [('d', 24 * 3600), ('h', 3600), ('m', 60), ('s', 1)];
    let shape = || WrongInterval::Shape;
    let mut seconds: u64 = 0;
    let mut next_unit = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(shape)?;
        let number: u64 = rest[..digits].parse().map_err(|_| shape())?;
        let unit = rest[digits..].chars().next().ok_or_else(shape)?;
        let at =
            UNITS.iter().position(|(letter, _)| *letter == unit).filter(|at| *at >= next_unit).ok_or_else(shape)?;
        next_unit = at + 1;
        seconds = number.checked_mul(UNITS[at].1).and_then(|n| n.checked_add(seconds)).ok_or_else(shape)?;
        rest = &rest[digits + unit.len_utf8()..];
    }
    if next_unit == 0 {
        return Err(shape());
    }
    let interval = Duration::from_secs(seconds);
    if interval < SHORTEST {
        return Err(WrongInterval::Short);
    }
    if interval > LONGEST {
        return Err(WrongInterval::Long);
    }
    Ok(interval)
}

/// Writes an interval the way [`parse_interval`] reads it.
pub fn format_interval(interval: Duration) -> String {
    let seconds = interval.as_secs();
    let parts = [(seconds / 86400, 'd'), (seconds / 3600 % 24, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
    let text: String = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_read_and_write_alike() {
        for (text, seconds) in [("40m", 2400), ("20s", 20), ("1h30m", 5400), ("1d", 86400), ("7d", 604_800)] {
            assert_eq!(parse_interval(text), Ok(Duration::from_secs(seconds)), "{text}");
            assert_eq!(format_interval(Duration::from_secs(seconds)), text);
        }
        assert_eq!(format_interval(Duration::from_secs(90)), "1m30s");
        assert_eq!(format_interval(Duration::from_millis(3)), "0s");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in
            ["", "40", "m", "m40", "40 m", "-5m", "30m1h", "1m1m", "4s", "8d", "1.5h", "99999999999999999999s", "٣m"]
        {
            assert!(parse_interval(text).is_err(), "{text}");
        }
    }
}
