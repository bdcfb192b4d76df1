//! Instants in words of the engine, as people read them.

use crate::console::shared::Shared;
use crate::console::words::day_or_clock;
use jiff::Timestamp;

/// The same words with each RFC 3339 instant as a local time: `last 14:02`, `last Tue`. Instants in quotes are values and
/// stay as they are.
pub(super) fn local(text: &str, shared: &Shared) -> String {
    text.split_inclusive(' ')
        .map(|piece| {
            let word = piece.trim_end_matches([' ', ',', ':', ';', '.', ')']);
            if word.len() < 20 || !word.starts_with(|c: char| c.is_ascii_digit()) {
                return piece.to_owned();
            }
            match word.parse::<Timestamp>() {
                Ok(at) => format!("{}{}", day_or_clock(at, shared.now, &shared.zone), &piece[word.len()..]),
                Err(_) => piece.to_owned(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::local;
    use crate::console::testing::shared;
    use jiff::tz::TimeZone;

    #[test]
    fn instants_are_local_and_values_stay() {
        let mut known = shared(80, 24, "default");
        known.now = "2026-11-24T15:00:00Z".parse().unwrap();
        known.zone = TimeZone::get("Europe/Berlin").unwrap();
        for (words, told) in [
            ("refused 6 times before, last 2026-11-24T03:30:04.308Z: no", "refused 6 times before, last 04:30: no"),
            ("last 2026-11-22T23:30:00Z", "last Mon"),
            (
                "hired \"2026-11-24T03:30:04Z\" (2026-11-01T00:00:00Z)",
                "hired \"2026-11-24T03:30:04Z\" (2026-11-01T00:00:00Z)",
            ),
            ("2026-11-24 10 attributes", "2026-11-24 10 attributes"),
        ] {
            assert_eq!(local(words, &known), told);
        }
    }
}
