use super::*;
use proptest::prelude::*;

const NOW: i64 = 638_894_304_000_000_000; // 2025-07-30

fn now() -> DateTime {
    DateTime::from_ticks(NOW).unwrap()
}

fn day(year: i64, month: i64, day: i64) -> DateTime {
    DateTime::at(Date::new(year, month, day).unwrap(), 0).unwrap()
}

#[test]
fn the_calendar_counts_from_year_one() {
    assert_eq!(now().to_string(), "7/30/2025 12:00:00 AM");
    assert_eq!(DateTime::MIN.to_string(), "1/1/0001 12:00:00 AM");
    assert_eq!(DateTime::MAX.to_string(), "12/31/9999 11:59:59 PM");
    assert_eq!(DateTime::from_ticks(UNIX_EPOCH), Some(day(1970, 1, 1)));
    assert_eq!(day(1601, 1, 1).ticks(), FILETIME_EPOCH);
    assert_eq!(DateTime::from_ticks(DateTime::MAX.ticks + 1), None);
    assert_eq!(DateTime::from_ticks(-1), None);
    for (year, month, last) in [(2000, 2, 29), (1900, 2, 28), (2023, 2, 28), (2024, 2, 29), (2024, 4, 30)] {
        assert!(Date::new(year, month, last).is_some());
        assert!(Date::new(year, month, last + 1).is_none());
    }
    for (year, month, day) in [(0, 1, 1), (10_000, 1, 1), (2020, 0, 1), (2020, 13, 1), (2020, 1, 0)] {
        assert!(Date::new(year, month, day).is_none());
    }
}

#[test]
fn every_day_of_the_calendar_comes_back() {
    let mut days = 0;
    for year in 1..=9999 {
        for month in 1..=12 {
            for day in 1..=days_in_month(year, month) {
                let date = Date::new(year, month, day).unwrap();
                assert_eq!((date.days(), Date::from_days(days)), (days, date));
                days += 1;
            }
        }
    }
    assert_eq!(days * DAY - 1, DateTime::MAX.ticks);
}

#[test]
fn filetime_numbers() {
    let date = DateTime::from_filetime(129_699_324_000_000_000).unwrap();
    assert_eq!(date.to_string(), "1/1/2012 11:00:00 PM");
    assert_eq!(date.filetime(), Some(129_699_324_000_000_000));
    assert_eq!(DateTime::from_filetime(0), Some(day(1601, 1, 1)));
    assert_eq!(DateTime::from_filetime(DateTime::MAX.ticks - FILETIME_EPOCH), Some(DateTime::MAX));
    for number in [-1, i64::MIN, i64::MAX, DateTime::MAX.ticks - FILETIME_EPOCH + 1] {
        assert_eq!(DateTime::from_filetime(number), None, "{number}");
    }
    assert_eq!(day(1601, 1, 1).plus(-1).unwrap().filetime(), None);
}

#[test]
fn a_clock_becomes_a_date() {
    let clock = |text: &str| DateTime::from_timestamp(text.parse().unwrap()).iso();
    assert_eq!(clock("2025-07-30T01:02:03.123456789Z"), "2025-07-30T01:02:03Z");
    assert_eq!(clock("-000500-01-01T00:00:00Z"), "0001-01-01T00:00:00Z");
    let ticks = DateTime::from_timestamp("1969-12-31T23:59:59.99999995Z".parse().unwrap()).ticks();
    assert_eq!(ticks, UNIX_EPOCH - 1);
}

/// What `CDate` makes of a text, as the ISO form of the instant.
fn parsed(text: &str) -> Result<String, DateError> {
    read(text, now()).map(DateTime::iso)
}

#[test]
fn dates_are_read_in_every_usual_form() {
    for (text, iso) in [
        ("2021-08-05", "2021-08-05T00:00:00Z"),
        ("2021-8-5", "2021-08-05T00:00:00Z"),
        ("2021/8/5", "2021-08-05T00:00:00Z"),
        ("8/5/2021", "2021-08-05T00:00:00Z"),
        ("12/25/2007", "2007-12-25T00:00:00Z"),
        ("5 Jan 2021", "2021-01-05T00:00:00Z"),
        ("5-Jan-2021", "2021-01-05T00:00:00Z"),
        ("5 JANUARY 2021", "2021-01-05T00:00:00Z"),
        ("Jan 5, 2021", "2021-01-05T00:00:00Z"),
        ("september 5 2021", "2021-09-05T00:00:00Z"),
        ("2021 May 5", "2021-05-05T00:00:00Z"),
        ("Thu, 02 Jan 2020 10:30:00 GMT", "2020-01-02T10:30:00Z"),
        ("Thursday 2 January 2020", "2020-01-02T00:00:00Z"),
        ("3/16/20", "2020-03-16T00:00:00Z"),
        ("3/16/30", "1930-03-16T00:00:00Z"),
        ("  2020-03-16\t", "2020-03-16T00:00:00Z"),
        ("0001-01-01", "0001-01-01T00:00:00Z"),
        ("9999-12-31 23:59:59", "9999-12-31T23:59:59Z"),
    ] {
        assert_eq!(parsed(text).as_deref(), Ok(iso), "{text}");
    }
}

#[test]
fn times_are_read_behind_dates() {
    for (text, iso) in [
        ("2021-08-24T10:30", "2021-08-24T10:30:00Z"),
        ("2021-08-24t10:30:15", "2021-08-24T10:30:15Z"),
        ("2021-08-24 4:05:06", "2021-08-24T04:05:06Z"),
        ("2021-08-24  4 : 05", "2021-08-24T04:05:00Z"),
        ("8/25/2021 5:41:18 PM", "2021-08-25T17:41:18Z"),
        ("8/25/2021 5:41:18pm", "2021-08-25T17:41:18Z"),
        ("8/25/2021 12:00 AM", "2021-08-25T00:00:00Z"),
        ("8/25/2021 12:00 PM", "2021-08-25T12:00:00Z"),
        ("8/25/2021 5 PM", "2021-08-25T17:00:00Z"),
        ("10:30 2021-08-24", "2021-08-24T10:30:00Z"),
        ("2021-08-24 23:59:59.99999999", "2021-08-25T00:00:00Z"),
    ] {
        assert_eq!(parsed(text).as_deref(), Ok(iso), "{text}");
    }
    let ticks = |text: &str| read(text, now()).unwrap().ticks() % SECOND;
    assert_eq!(ticks("2021-08-24 10:00:00.5"), 5_000_000);
    assert_eq!(ticks("2021-08-24T10:00:00.1234567Z"), 1_234_567);
    assert_eq!(ticks("2021-08-24 10:00:00.12345678"), 1_234_568);
    assert_eq!(ticks("2021-08-24 10:00:00.123456740000000000000000000001"), 1_234_567);
}

#[test]
fn offsets_are_read_behind_dates_and_times() {
    for (text, iso) in [
        ("2020-03-16-07:00", "2020-03-16T07:00:00Z"),
        ("2021-06-30+08:00", "2021-06-29T16:00:00Z"),
        ("2020-03-16Z", "2020-03-16T00:00:00Z"),
        ("2020-03-16 GMT", "2020-03-16T00:00:00Z"),
        ("2013-01-10 4:00 PM -8", "2013-01-11T00:00:00Z"),
        ("2020-01-02 10:00+8", "2020-01-02T02:00:00Z"),
        ("2020-01-02 10:00 +08", "2020-01-02T02:00:00Z"),
        ("2020-01-02T10:00+0830", "2020-01-02T01:30:00Z"),
        ("2020-01-02T10:00:00 -08:00", "2020-01-02T18:00:00Z"),
        ("2020-01-02 10:00z", "2020-01-02T10:00:00Z"),
        ("2020-01-02 10:00 gmt", "2020-01-02T10:00:00Z"),
        ("5 Jan 2021 10:00 -14:00", "2021-01-06T00:00:00Z"),
    ] {
        assert_eq!(parsed(text).as_deref(), Ok(iso), "{text}");
    }
}

#[test]
fn what_is_missing_comes_from_the_clock() {
    assert_eq!(parsed("10:30").as_deref(), Ok("2025-07-30T10:30:00Z"));
    assert_eq!(parsed("10 PM").as_deref(), Ok("2025-07-30T22:00:00Z"));
    assert_eq!(parsed("2020-03").as_deref(), Ok("2020-03-01T00:00:00Z"));
    assert_eq!(parsed("Mar 2020").as_deref(), Ok("2020-03-01T00:00:00Z"));
    assert_eq!(parsed("March 16").as_deref(), Ok("2025-03-16T00:00:00Z"));
    assert_eq!(parsed("3/16").as_deref(), Ok("2025-03-16T00:00:00Z"));
}

#[test]
fn what_is_not_a_date_is_refused() {
    for text in [
        "",
        "  ",
        "soon",
        "25/12/2007",
        "20200101",
        "2021-02-30",
        "2021-13-01",
        "0000-01-01",
        "12345-01-01",
        "2021-08-24 24:00",
        "2021-08-24T24:00:00",
        "2021-08-24 10:60",
        "2021-08-24 10:00:60",
        "2021-08-24 13:00 AM",
        "2021-08-24 10",
        "2021-08-24T10",
        "2021-08-24T1:00",
        "2021-08-24T10:00 PM",
        "8/25/2021T10:00",
        "2021-08-24 PM",
        "2021-08-24 10:00 +15",
        "2021-08-24 10:00 +14:01",
        "2021-08-24 10:00 +08:60",
        "2021-08-24 10:00 + 8",
        "2021-08-24 10:00 Z +8",
        "2021-08-24 10:00 UTC",
        "Mon, 02 Jan 2020",
        "5 Sept 2021",
        "5th January 2021",
        "1/2/2020/",
        "2020-01-",
        "2020-01-02 2020-01-02",
        "10:00 10:00",
        "2020-01-02#",
        "5",
        "Jan",
        "Z",
        "999999999-01-01",
    ] {
        assert_eq!(parsed(text), Err(DateError::NotADate), "{text}");
    }
    for text in ["9999-12-31 23:59:59-05:00", "0001-01-01T00:00+01:00", "9999-12-31 23:59:59.99999999"] {
        assert_eq!(parsed(text), Err(DateError::OutOfRange), "{text}");
    }
    assert_eq!(parsed(&format!("2020-01-02{}", ",".repeat(1_000_000))), Err(DateError::NotADate));
}

#[test]
fn intervals_are_added() {
    let add = |interval: &str, count, text: &str| {
        let date = read(text, now()).unwrap();
        Interval::parse(interval).unwrap().add(count, date).map(DateTime::iso)
    };
    for (interval, count, from, to) in [
        ("yyyy", 5, "2025-01-15 10:00", "2030-01-15T10:00:00Z"),
        ("yyyy", 1, "2024-02-29", "2025-02-28T00:00:00Z"),
        ("yyyy", -1, "2024-02-29", "2023-02-28T00:00:00Z"),
        ("m", 1, "2021-01-31 08:00", "2021-02-28T08:00:00Z"),
        ("m", -13, "2021-03-31", "2020-02-29T00:00:00Z"),
        ("m", 12, "2021-12-31", "2022-12-31T00:00:00Z"),
        ("d", -10, "2012-03-16", "2012-03-06T00:00:00Z"),
        ("ww", 2, "2021-12-25", "2022-01-08T00:00:00Z"),
        ("h", 25, "2021-01-01", "2021-01-02T01:00:00Z"),
        ("n", 90, "2021-01-01", "2021-01-01T01:30:00Z"),
        ("s", -1, "2021-01-01", "2020-12-31T23:59:59Z"),
    ] {
        assert_eq!(add(interval, count, from).as_deref(), Some(to), "{interval} {count} {from}");
    }
    for (interval, count) in [("d", i64::MAX), ("yyyy", i64::MIN), ("m", i64::MAX), ("s", i64::MIN), ("yyyy", 7_975)] {
        assert_eq!(add(interval, count, "2025-01-01"), None, "{interval} {count}");
    }
    for text in ["q", "D", "", " d", "yy", "w", "mm"] {
        assert_eq!(Interval::parse(text), None, "{text}");
    }
}

#[test]
fn intervals_are_counted_as_visual_basic_does() {
    for (interval, first, second, count) in [
        ("yyyy", "2020-12-31", "2021-01-01", 1),
        ("m", "2021-01-31", "2021-02-01", 1),
        ("m", "2021-12-01", "2020-11-30", -13),
        ("d", "2021-01-01 23:00", "2021-01-02 01:00", 0),
        ("d", "2021-01-02", "2021-01-01 12:00", 0),
        ("d", "2021-01-01", "2021-01-03 12:00", 2),
        ("h", "2021-01-01 10:59:59", "2021-01-01 12:00", 1),
        ("n", "2021-01-01 00:01:30", "2021-01-01", -1),
        ("s", "2021-01-01", "2021-01-01 00:00:00.9", 0),
        // Saturday to Sunday begins a week; Sunday to Saturday does not.
        ("ww", "2021-08-21", "2021-08-22", 1),
        ("ww", "2021-08-22", "2021-08-28", 0),
        ("ww", "8/25/2021 5:41:18 PM", "2012-03-16-07:00", -493),
        // The time of day counts: the Sunday's noon is not seven days after the afternoon before.
        ("ww", "2021-08-21 15:00", "2021-08-22 12:00", 0),
        ("s", "0001-01-01", "9999-12-31 23:59:59", 315_537_897_599),
        ("ww", "0001-01-01", "0001-01-07", 1),
    ] {
        let (from, to) = (read(first, now()).unwrap(), read(second, now()).unwrap());
        assert_eq!(Interval::parse(interval).unwrap().between(from, to), count, "{interval} {first} {second}");
    }
}

proptest! {
    #[test]
    fn ticks_and_calendar_agree(ticks in 0..=DateTime::MAX.ticks) {
        let date = DateTime::from_ticks(ticks).unwrap();
        prop_assert_eq!(DateTime::at(date.date(), date.time_of_day()), Some(date));
    }

    #[test]
    fn the_round_trip_form_is_read_back(ticks in 0..=DateTime::MAX.ticks) {
        let date = DateTime::from_ticks(ticks).unwrap();
        let format = "yyyy-MM-ddTHH:mm:ss.fffffffZ";
        let text = print(date, Kind::Utc, format).unwrap();
        prop_assert_eq!(read(&text, now()), Ok(date));
        prop_assert_eq!(read_exact(&text, format, Styles::DEFAULT, now()), Ok((date, Kind::Utc)));
        prop_assert_eq!(read_exact(&text, "o", Styles::DEFAULT, now()), Ok((date, Kind::Utc)));
        let seconds = DateTime::from_ticks(ticks - ticks % SECOND).unwrap();
        prop_assert_eq!(read(&date.to_string(), now()), Ok(seconds));
        prop_assert_eq!(read(&date.iso(), now()), Ok(seconds));
    }

    #[test]
    fn no_text_makes_reading_panic(
        text in "[-+0-9:/., TZzAPMampJanFriMay]{0,30}|\\PC{0,20}",
        format in "[dMyHhmsfFtzKZgGT%'\"\\\\:/., -]{0,12}|\\PC{0,10}",
        styles in "(None|AllowInnerWhite|AllowWhiteSpaces|NoCurrentDateDefault|AssumeLocal|RoundtripKind)?",
        ticks in 0..=DateTime::MAX.ticks,
    ) {
        let _ = read(&text, now());
        let styles = Styles::parse(&styles).unwrap();
        let _ = read_exact(&text, &format, styles, now());
        if let Ok(written) = print(DateTime::from_ticks(ticks).unwrap(), Kind::Local, &format) {
            let _ = read_exact(&written, &format, styles, now());
        }
    }
}
