//! Tables for other programs: CSV (RFC 4180), safe to open in a spreadsheet.

/// One record with its line end.
pub fn csv_line<T: AsRef<str>>(fields: impl IntoIterator<Item = T>) -> String {
    let mut line = fields.into_iter().map(|text| field(text.as_ref())).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// One field: in quotes where it has to be, and with a leading `'` where a spreadsheet would take it for a formula.
fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_never_formulas() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=1+1", "'=1+1"),
            ("+44 20 7946", "'+44 20 7946"),
            ("-1", "'-1"),
            ("@cmd", "'@cmd"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            ("", ""),
        ] {
            assert_eq!(field(text), expected, "{text:?}");
        }
        assert_eq!(csv_line(["a", "b,c"]), "a,\"b,c\"\r\n");
    }
}
