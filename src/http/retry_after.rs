//! `Retry-After` in both forms (RFC 9110 section 10.2.3), and the `X-` spelling that some servers use.

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use std::time::Duration;

/// Never believe a longer pause than a day: beyond that it is a mistake or an attack.
const CEILING: Duration = Duration::from_secs(86_400);

/// How long the server wants us to wait: seconds, fractions of them, or an HTTP date; a date in the past is zero.
/// Negative, garbled or missing is `None`. The result is at most one day.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = ["retry-after", "x-retry-after"]
        .into_iter()
        .find_map(|name| headers.get(name)?.to_str().ok().and_then(|text| parse(text.trim(), now)))?;
    Some(value.min(CEILING))
}

fn parse(text: &str, now: Timestamp) -> Option<Duration> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        let seconds: f64 = text.parse().ok()?;
        return Some(Duration::try_from_secs_f64(seconds).unwrap_or(CEILING));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let seconds = date.as_second().saturating_sub(now.as_second());
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn read(name: &'static str, value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        // Sun, 06 Nov 1994 08:49:37 GMT
        retry_after(&headers, Timestamp::from_second(784_111_777).unwrap())
    }

    #[test]
    fn both_forms_and_both_names() {
        assert_eq!(read("retry-after", "7"), Some(Duration::from_secs(7)));
        assert_eq!(read("x-retry-after", "10"), Some(Duration::from_secs(10)));
        assert_eq!(read("retry-after", "0"), Some(Duration::ZERO));
        assert_eq!(read("retry-after", "1.5"), Some(Duration::from_millis(1500)));
        assert_eq!(read("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(read("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
    }

    #[test]
    fn nonsense_is_missing_and_a_huge_value_is_cut() {
        assert_eq!(read("retry-after", "-5"), None);
        assert_eq!(read("retry-after", "soon"), None);
        assert_eq!(read("retry-after", "1000000000"), Some(CEILING));
        assert_eq!(read("retry-after", "99999999999999999999999999"), Some(CEILING));
    }
}
