//! Format strings in both directions.

use super::super::{print, read};
use super::*;

fn now() -> DateTime {
    read("2025-07-30", DateTime::MIN).unwrap()
}

/// The instant and its kind, in the round-trip form.
fn exact(text: &str, format: &str, styles: &str) -> Result<String, DateError> {
    let styles = if styles == "default" { Styles::DEFAULT } else { Styles::parse(styles).unwrap() };
    let (date, kind) = read_exact(text, format, styles, now())?;
    print(date, kind, "yyyy-MM-ddTHH:mm:ss.FFFFFFFK")
}

fn written(format: &str) -> Result<String, DateError> {
    let date = read("2020-01-02 15:04:05.12", now()).unwrap();
    print(date, Kind::Utc, format)
}

#[test]
fn every_letter_is_written() {
    for (format, text) in [
        ("%d dd ddd dddd ddddd", "2 02 Thu Thursday Thursday"),
        ("%M MM MMM MMMM MMMMM", "1 01 Jan January January"),
        ("%y yy yyy yyyy yyyyy", "20 20 2020 2020 02020"),
        ("%H HH HHH %h hh hhh", "15 15 15 3 03 03"),
        ("%m mm mmm %s ss sss", "4 04 04 5 05 05"),
        ("f ff fff ffff fffff ffffff fffffff", "1 12 120 1200 12000 120000 1200000"),
        ("F FF FFF FFFFFFF", "1 12 12 12"),
        ("t tt ttt", "P PM PM"),
        ("z zz zzz zzzz", "+0 +00 +00:00 +00:00"),
        ("KK", "ZZ"),
        ("Z g gg", "Z A.D. A.D."),
        ("HH:mm/ss", "15:04/05"),
        ("'d''M' \"H\" \\d %d", "dM H d 2"),
        ("'it\\'s'", "it's"),
        ("%dd", "22"),
        ("yyyyMMddHHmmss.0Z", "20200102150405.0Z"),
        ("x-é", "x-é"),
        ("", "01/02/2020 15:04:05"),
    ] {
        assert_eq!(written(format).as_deref(), Ok(text), "{format}");
    }
    let midnight = |format: &str| print(now(), Kind::Unspecified, format);
    assert_eq!(midnight("h hh t tt").as_deref(), Ok("12 12 A AM"));
    // Nothing is left of the fraction, and so nothing of its point.
    assert_eq!(midnight("ss.FFF|ss.F'x'").as_deref(), Ok("00|00x"));
    assert_eq!(midnight("yyyyK").as_deref(), Ok("2025"));
    assert_eq!(print(now(), Kind::Local, "yyyyK").as_deref(), Ok("2025+00:00"));
}

#[test]
fn a_lone_letter_is_a_standard_format() {
    for (format, text) in [
        ("d", "01/02/2020"),
        ("D", "Thursday, 02 January 2020"),
        ("f", "Thursday, 02 January 2020 15:04"),
        ("F", "Thursday, 02 January 2020 15:04:05"),
        ("g", "01/02/2020 15:04"),
        ("G", "01/02/2020 15:04:05"),
        ("m", "January 02"),
        ("M", "January 02"),
        ("o", "2020-01-02T15:04:05.1200000Z"),
        ("O", "2020-01-02T15:04:05.1200000Z"),
        ("r", "Thu, 02 Jan 2020 15:04:05 GMT"),
        ("R", "Thu, 02 Jan 2020 15:04:05 GMT"),
        ("s", "2020-01-02T15:04:05"),
        ("t", "15:04"),
        ("T", "15:04:05"),
        ("u", "2020-01-02 15:04:05Z"),
        ("U", "Thursday, 02 January 2020 15:04:05"),
        ("y", "2020 January"),
        ("Y", "2020 January"),
    ] {
        assert_eq!(written(format).as_deref(), Ok(text), "{format}");
        let read = exact(text, format, "default");
        assert!(read.is_ok(), "{format}: {read:?}");
    }
    for format in ["a", "H", "h", "K", "z", "Z", "q", "-", "'", "\\", "%", "5"] {
        assert!(matches!(written(format), Err(DateError::BadFormat(_))), "{format}");
        assert!(matches!(exact("2", format, "default"), Err(DateError::BadFormat(_))), "{format}");
    }
}

#[test]
fn broken_formats_are_refused() {
    for format in ["yyyy'", "yyyy\"x'", "'x\\'", "yyyy\\", "yyyy%", "%%", "ffffffff", "ss.FFFFFFFF"] {
        assert!(matches!(written(format), Err(DateError::BadFormat(_))), "{format}");
        assert!(matches!(exact("2020", format, "default"), Err(DateError::BadFormat(_))), "{format}");
    }
    assert!(matches!(exact("2020", "", "default"), Err(DateError::BadFormat(_))));
    assert!(matches!(written("yyyy%'x'"), Err(DateError::BadFormat(_))));
}

#[test]
fn every_letter_is_read() {
    for (text, format, result) in [
        ("2/1/2020", "d/M/yyyy", "2020-01-02T00:00:00"),
        ("02/11/2020", "d/M/yyyy", "2020-11-02T00:00:00"),
        ("THU 2 jan 2020", "ddd d MMM yyyy", "2020-01-02T00:00:00"),
        ("thursday, 02 JANUARY 2020", "dddd, dd MMMM yyyy", "2020-01-02T00:00:00"),
        ("29-01-02", "yy-MM-dd", "2029-01-02T00:00:00"),
        ("30-01-02", "yy-MM-dd", "1930-01-02T00:00:00"),
        ("5-01-02", "y-MM-dd", "2005-01-02T00:00:00"),
        ("02020-01-02", "yyyyy-MM-dd", "2020-01-02T00:00:00"),
        ("2020-01-02 3:04 pm", "yyyy-MM-dd h:mm tt", "2020-01-02T15:04:00"),
        ("2020-01-02 12:04 AM", "yyyy-MM-dd hh:mm tt", "2020-01-02T00:04:00"),
        ("2020-01-02 12:04 p", "yyyy-MM-dd hh:mm t", "2020-01-02T12:04:00"),
        ("2020-01-02 12:04", "yyyy-MM-dd hh:mm", "2020-01-02T00:04:00"),
        ("2020-01-02 15:04 PM", "yyyy-MM-dd HH:mm tt", "2020-01-02T15:04:00"),
        ("20150123105347.1Z", "yyyyMMddHHmmss.fZ", "2015-01-23T10:53:47.1Z"),
        ("2020-01-02 10:00:00.5", "yyyy-MM-dd HH:mm:ss.FFF", "2020-01-02T10:00:00.5"),
        ("2020-01-02 10:00:00", "yyyy-MM-dd HH:mm:ss.FFF", "2020-01-02T10:00:00"),
        ("2020-01-02 10:00:00", "yyyy-MM-dd HH:mm:ss.F", "2020-01-02T10:00:00"),
        ("2020-01-02T10:00:00.1234567+02:00", "o", "2020-01-02T08:00:00.1234567+00:00"),
        ("2020-12-31+08:00", "yyyy-MM-ddzzz", "2020-12-30T16:00:00+00:00"),
        ("2020-12-31+0830", "yyyy-MM-ddzzz", "2020-12-30T15:30:00+00:00"),
        ("2020-12-31-8:00", "yyyy-MM-ddzzz", "2020-12-31T08:00:00+00:00"),
        ("2020-12-31-08", "yyyy-MM-ddzz", "2020-12-31T08:00:00+00:00"),
        ("2020-12-31-8", "yyyy-MM-ddz", "2020-12-31T08:00:00+00:00"),
        ("2020-12-31gmt", "yyyy-MM-ddZ", "2020-12-31T00:00:00Z"),
        ("2020-12-31GMT", "yyyy-MM-ddGMT", "2020-12-31T00:00:00+00:00"),
        ("2020-12-31Z", "yyyy-MM-ddK", "2020-12-31T00:00:00Z"),
        ("2020-12-31", "yyyy-MM-ddK", "2020-12-31T00:00:00"),
        ("2020-12-31 A.D.", "yyyy-MM-dd g", "2020-12-31T00:00:00"),
        ("on 2020-12-31!", "'on 'yyyy-MM-dd\\!", "2020-12-31T00:00:00"),
        ("2020-12-31 31", "yyyy-MM-dd %dd", "2020-12-31T00:00:00"),
    ] {
        assert_eq!(exact(text, format, "default").as_deref(), Ok(result), "{text} as {format}");
    }
}

#[test]
fn a_text_that_does_not_fit_is_refused() {
    for (text, format) in [
        ("", "yyyy-MM-dd"),
        ("2020-02-30", "yyyy-MM-dd"),
        ("2020-1-02", "yyyy-MM-dd"),
        ("2020-01-02x", "yyyy-MM-dd"),
        ("2020-01-02", "yyyy-MM-ddzzz"),
        ("2020-01-02Z", "yyyy-MM-ddzzz"),
        ("2020-01-02 +14:01", "yyyy-MM-dd zzz"),
        ("2020-01-02 +08:60", "yyyy-MM-dd zzz"),
        ("2020-01-02 +8", "yyyy-MM-dd zz"),
        ("2020-01-02z", "yyyy-MM-ddK"),
        ("2020-01-02Zulu", "yyyy-MM-ddZulu"),
        ("3/16/2014 7:00:00 AM", "M/d/yyyy hh:mm:ss tt"),
        ("2020-01-02 13:00", "yyyy-MM-dd hh:mm"),
        ("2020-01-02 00:00", "yyyy-MM-dd hh:mm"),
        ("2020-01-02 24:00", "yyyy-MM-dd HH:mm"),
        ("2020-01-02 10:60", "yyyy-MM-dd HH:mm"),
        ("2020-01-02 10:00 PM", "yyyy-MM-dd HH:mm tt"),
        ("2020-01-02 10:00:00.12", "yyyy-MM-dd HH:mm:ss.f"),
        ("2020-01-02 10:00:00.1", "yyyy-MM-dd HH:mm:ss.ff"),
        ("Fri 2020-01-02", "ddd yyyy-MM-dd"),
        ("2 January 2020", "d MMM yyyy"),
        ("2 Jan 2020", "d MMMM yyyy"),
        // Written twice, and different.
        ("2020-01-02 03", "yyyy-MM-dd dd"),
        ("2020 21", "yyyy yy"),
        ("15 03", "HH hh"),
    ] {
        assert_eq!(exact(text, format, "default"), Err(DateError::NotADate), "{text} as {format}");
    }
    assert_eq!(exact("9999-12-31 23:00 -02:00", "yyyy-MM-dd HH:mm zzz", "default"), Err(DateError::OutOfRange));
    assert_eq!(exact("0001-01-01+02:00", "yyyy-MM-ddzzz", "default"), Err(DateError::OutOfRange));
}

#[test]
fn missing_parts_have_defaults() {
    for (text, format, styles, result) in [
        ("2020", "yyyy", "default", "2020-01-01T00:00:00"),
        ("Mar 2020", "MMM yyyy", "default", "2020-03-01T00:00:00"),
        ("03", "MM", "default", "2025-03-01T00:00:00"),
        ("05", "dd", "default", "2025-01-05T00:00:00"),
        ("March 16", "MMMM d", "default", "2025-03-16T00:00:00"),
        ("10:30", "HH:mm", "default", "2025-07-30T10:30:00"),
        ("10:30", "HH:mm", "NoCurrentDateDefault", "0001-01-01T10:30:00"),
        ("10:30+12", "HH:mmzz", "NoCurrentDateDefault", "0001-01-01T22:30:00+00:00"),
        ("03", "MM", "NoCurrentDateDefault", "2025-03-01T00:00:00"),
    ] {
        assert_eq!(exact(text, format, styles).as_deref(), Ok(result), "{text} as {format}");
    }
}

#[test]
fn styles_allow_blanks() {
    let fits = |text: &str, format: &str, styles: &str| exact(text, format, styles).is_ok();
    assert!(fits(" 2020-01-02 ", "yyyy-MM-dd", "default"));
    assert!(fits("2020-01-02", "  yyyy-MM-dd' '", "default"));
    assert!(!fits(" 2020-01-02", "yyyy-MM-dd", "None"));
    assert!(fits(" 2020-01-02", "yyyy-MM-dd", "AllowLeadingWhite"));
    assert!(!fits("2020-01-02 ", "yyyy-MM-dd", "AllowLeadingWhite"));
    assert!(fits("2020-01-02\t", "yyyy-MM-dd", "AllowTrailingWhite"));
    assert!(!fits("2020 - 01-02", "yyyy-MM-dd", "default"));
    assert!(fits("2020 - 01 -  02", "yyyy-MM-dd", "AllowInnerWhite"));
    assert!(fits(" 2020- 01-02 ", "yyyy-MM-dd", "AllowWhiteSpaces"));
    // A blank of the format may be missing where the text may end in blanks.
    assert!(fits("2020-01-0210:00", "yyyy-MM-dd HH:mm", "default"));
    assert!(!fits("2020-01-0210:00", "yyyy-MM-dd HH:mm", "None"));
}

#[test]
fn styles_decide_the_kind() {
    let kind = |text: &str, styles: &str| {
        let text = exact(text, "yyyy-MM-ddTHH:mm:ssK", styles).unwrap();
        text.get(19..).unwrap_or_default().to_owned()
    };
    for (styles, zulu, offset, none) in [
        ("RoundtripKind", "Z", "+00:00", ""),
        ("None", "+00:00", "+00:00", ""),
        ("", "+00:00", "+00:00", ""),
        ("AdjustToUniversal", "Z", "Z", ""),
        ("AssumeLocal", "+00:00", "+00:00", "+00:00"),
        ("AssumeUniversal", "+00:00", "+00:00", "+00:00"),
        ("AssumeLocal, AdjustToUniversal", "Z", "Z", "Z"),
        ("AssumeUniversal,AdjustToUniversal", "Z", "Z", "Z"),
    ] {
        let found =
            ["2020-01-02T10:00:00Z", "2020-01-02T10:00:00+05:00", "2020-01-02T10:00:00"].map(|t| kind(t, styles));
        assert_eq!(found, [zulu, offset, none], "{styles}");
    }
}

#[test]
fn styles_are_named() {
    assert_eq!(
        Styles::parse("allowleadingwhite, DateTimeStyles.AllowTrailingWhite ,datetimestyles.ROUNDTRIPKIND"),
        Ok(Styles::DEFAULT)
    );
    assert_eq!(Styles::parse("None"), Ok(Styles::default()));
    for text in ["Nonesuch", "None,", "128", "DateTimeStyles.", "Allow White"] {
        assert!(Styles::parse(text).is_err(), "{text}");
    }
    for text in [
        "AssumeLocal,AssumeUniversal",
        "RoundtripKind,AssumeLocal",
        "RoundtripKind,AssumeUniversal",
        "AdjustToUniversal,RoundtripKind",
    ] {
        assert!(Styles::parse(text).is_err(), "{text}");
    }
}
