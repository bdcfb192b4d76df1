//! `dateTimeStyles`: what `FormatDateTime` allows around the parts of a date, and which zone it takes.

/// How strictly a text is compared with its format, and what its kind becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(in crate::expression) struct Styles {
    pub(super) leading_white: bool,
    pub(super) trailing_white: bool,
    pub(super) inner_white: bool,
    /// Without a date part the date is 0001-01-01, not today.
    pub(super) no_current_date: bool,
    pub(super) adjust_to_universal: bool,
    pub(super) assume_local: bool,
    pub(super) assume_universal: bool,
    pub(super) roundtrip_kind: bool,
}

/// Why a list of styles cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::expression) enum StylesError {
    /// There is no style of this name.
    Unknown(String),
    /// Two of them contradict each other.
    Conflict(&'static str),
}

impl Styles {
    /// What an omitted argument means.
    pub(in crate::expression) const DEFAULT: Self = Self {
        leading_white: true,
        trailing_white: true,
        inner_white: false,
        no_current_date: false,
        adjust_to_universal: false,
        assume_local: false,
        assume_universal: false,
        roundtrip_kind: true,
    };

    /// Reads names separated by commas, in any letter case, each with or without `DateTimeStyles.` before it. An
    /// empty text is `None`.
    pub(in crate::expression) fn parse(text: &str) -> Result<Self, StylesError> {
        let mut styles = Self::default();
        if text.trim().is_empty() {
            return Ok(styles);
        }
        for written in text.split(',').map(str::trim) {
            let name = written.to_ascii_lowercase();
            match name.strip_prefix("datetimestyles.").unwrap_or(&name) {
                "none" => {}
                "allowleadingwhite" => styles.leading_white = true,
                "allowtrailingwhite" => styles.trailing_white = true,
                "allowinnerwhite" => styles.inner_white = true,
                "allowwhitespaces" => {
                    (styles.leading_white, styles.trailing_white, styles.inner_white) = (true, true, true);
                }
                "nocurrentdatedefault" => styles.no_current_date = true,
                "adjusttouniversal" => styles.adjust_to_universal = true,
                "assumelocal" => styles.assume_local = true,
                "assumeuniversal" => styles.assume_universal = true,
                "roundtripkind" => styles.roundtrip_kind = true,
                _ => return Err(StylesError::Unknown(written.to_owned())),
            }
        }
        let assumes = styles.assume_local || styles.assume_universal;
        if styles.assume_local && styles.assume_universal {
            return Err(StylesError::Conflict("AssumeLocal and AssumeUniversal exclude each other"));
        }
        if styles.roundtrip_kind && (assumes || styles.adjust_to_universal) {
            return Err(StylesError::Conflict(
                "RoundtripKind goes with none of AssumeLocal, AssumeUniversal and AdjustToUniversal",
            ));
        }
        Ok(styles)
    }
}
