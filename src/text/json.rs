//! JSON for stdout: escaped so that no control, C1 or bidirectional character reaches a terminal as itself.

use super::Shown;
use serde::Serialize;

/// One value on one line. Anything that a terminal could obey is written as a `\u` escape.
///
/// # Errors
/// When the value cannot be represented as JSON (a map with keys that are not text).
pub fn json_line<T: Serialize + ?Sized>(value: &T) -> Result<Shown, serde_json::Error> {
    Ok(Shown(escape(&serde_json::to_string(value)?)))
}

/// One value over several lines, indented.
///
/// # Errors
/// As [`json_line`].
pub fn json_pretty<T: Serialize + ?Sized>(value: &T) -> Result<Shown, serde_json::Error> {
    Ok(Shown(escape(&serde_json::to_string_pretty(value)?)))
}

fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        let code = u32::from(c);
        let hide = code == 0x7f
            || (0x80..=0x9f).contains(&code)
            || matches!(code, 0x00ad | 0x061c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xfff9..=0xfffb | 0xe0000..=0xe0fff);
        if hide {
            let mut units = [0_u16; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_escaped_and_reads_back_unchanged() {
        let text = "a\u{1b}[0m\u{9b}\u{202e}\u{7f}\u{e0041}z";
        let line = json_line(text).unwrap();
        assert!(line.as_str().is_ascii(), "{line}");
        assert_eq!(serde_json::from_str::<String>(line.as_str()).unwrap(), text);
    }
}
