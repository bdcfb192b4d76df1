//! What a terminal was told beside text: everything that a console has no business to tell.

use vt100::{Callbacks, Screen};

/// Writes down what is no text, no move and no colour.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// Each thing as `title: ...`, `bell`, `csi ...`.
    pub heard: Vec<String>,
    /// What was put on the clipboard, still in base64.
    pub clipboard: Vec<String>,
}

impl Watch {
    fn hear(&mut self, what: String) {
        self.heard.push(what);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Callbacks for Watch {
    fn audible_bell(&mut self, _: &mut Screen) {
        self.hear("bell".into());
    }

    fn visual_bell(&mut self, _: &mut Screen) {
        self.hear("visual bell".into());
    }

    fn resize(&mut self, _: &mut Screen, request: (u16, u16)) {
        self.hear(format!("resize: {request:?}"));
    }

    fn set_window_icon_name(&mut self, _: &mut Screen, name: &[u8]) {
        self.hear(format!("icon name: {}", text(name)));
    }

    fn set_window_title(&mut self, _: &mut Screen, title: &[u8]) {
        self.hear(format!("title: {}", text(title)));
    }

    fn copy_to_clipboard(&mut self, _: &mut Screen, _: &[u8], data: &[u8]) {
        self.clipboard.push(text(data));
    }

    fn paste_from_clipboard(&mut self, _: &mut Screen, _: &[u8]) {
        self.hear("clipboard query".into());
    }

    fn unhandled_char(&mut self, _: &mut Screen, c: char) {
        self.hear(format!("character {c:?}"));
    }

    fn unhandled_control(&mut self, _: &mut Screen, byte: u8) {
        // CAN: ends a sequence that was cut, when the terminal is given back in the middle of a frame.
        if byte != 0x18 {
            self.hear(format!("control {byte:#04x}"));
        }
    }

    fn unhandled_escape(&mut self, _: &mut Screen, i1: Option<u8>, i2: Option<u8>, byte: u8) {
        self.hear(format!("escape {i1:?} {i2:?} {:?}", char::from(byte)));
    }

    fn unhandled_csi(&mut self, _: &mut Screen, i1: Option<u8>, _: Option<u8>, params: &[&[u16]], c: char) {
        // Synchronized updates: vt100 does not know them, terminals ignore or follow them.
        if (i1, params, c) != (Some(b'?'), [[2026].as_slice()].as_slice(), 'h')
            && (i1, params, c) != (Some(b'?'), [[2026].as_slice()].as_slice(), 'l')
        {
            self.hear(format!("csi {i1:?} {params:?} {c:?}"));
        }
    }

    fn unhandled_osc(&mut self, _: &mut Screen, params: &[&[u8]]) {
        let params: Vec<String> = params.iter().map(|p| text(p)).collect();
        self.hear(format!("osc {params:?}"));
    }
}
