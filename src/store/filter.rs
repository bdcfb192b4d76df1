//! The one filter grammar of lists: words, `-not`, `field:value`, and quotes around what has spaces.

use super::fold::fold;

/// One condition. All conditions of a filter must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Whether it must not hold.
    pub not: bool,
    /// The field it is about; `None` means any text of the object.
    pub field: Option<&'static str>,
    /// What is looked for, folded; never empty.
    pub text: String,
}

/// A filter that was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Its conditions, in the order typed.
    pub terms: Vec<Term>,
}

impl Filter {
    /// Reads what was typed. Nothing is wrong input: a word with a colon that names none of `fields` is a word, an
    /// open quote ends with the text, and what is not finished yet (`-`, `state:`) does not restrict.
    pub fn parse(text: &str, fields: &[&'static str]) -> Self {
        let terms = pieces(text).into_iter().filter_map(|piece| term(&piece, fields)).collect();
        Self { terms }
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

/// One piece of the text between spaces: what stood outside of quotes at its beginning, and the rest.
struct Piece {
    text: String,
    /// Bytes at the beginning of `text` in which `-` and `:` mean something.
    plain: usize,
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut piece = Piece { text: String::new(), plain: 0 };
    let (mut quoted, mut was_quoted) = (false, false);
    for c in text.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                was_quoted = true;
            }
            c if c.is_whitespace() && !quoted => {
                pieces.push(std::mem::replace(&mut piece, Piece { text: String::new(), plain: 0 }));
                was_quoted = false;
            }
            c => {
                piece.text.push(c);
                if !was_quoted {
                    piece.plain = piece.text.len();
                }
            }
        }
    }
    pieces.push(piece);
    pieces
}

fn term(piece: &Piece, fields: &[&'static str]) -> Option<Term> {
    let (mut rest, mut plain) = (piece.text.as_str(), piece.plain);
    let not = plain > 0 && rest.starts_with('-');
    if not {
        (rest, plain) = (&rest[1..], plain - 1);
    }
    let named = rest.get(..plain).and_then(|head| head.split_once(':')).and_then(|(name, _)| {
        fields.iter().copied().find(|field| field.eq_ignore_ascii_case(name)).map(|field| (field, name.len() + 1))
    });
    let (field, text) = match named {
        Some((field, behind)) => (Some(field), fold(&rest[behind..])),
        None => (None, fold(rest)),
    };
    (!text.is_empty()).then_some(Term { not, field, text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn show(text: &str) -> Vec<String> {
        let filter = Filter::parse(text, &["state", "department"]);
        filter
            .terms
            .iter()
            .map(|t| format!("{}{}={}", if t.not { "-" } else { "" }, t.field.unwrap_or("*"), t.text))
            .collect()
    }

    #[test]
    fn words_fields_and_refusals() {
        for (text, expected) in [
            ("", &[][..]),
            ("  Ada   LOVELACE ", &["*=ada", "*=lovelace"]),
            ("-ada state:failed", &["-*=ada", "state=failed"]),
            ("-State:Failed", &["-state=failed"]),
            ("department:\"Human  Resources\" x", &["department=human resources", "*=x"]),
            ("\"ada lovelace\"", &["*=ada lovelace"]),
            ("\"-ada\" \"state:failed\"", &["*=-ada", "*=state:failed"]),
            ("colour:red a:b", &["*=colour:red", "*=a:b"]),
            ("- state: -state: --x \"\"", &["-*=-x"]),
            ("open \"quote here", &["*=open", "*=quote here"]),
            ("Müller ümlaut:x", &["*=muller", "*=umlaut:x"]),
            ("state:a:b", &["state=a:b"]),
        ] {
            assert_eq!(show(text), expected, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn anything_can_be_typed(text in "\\PC{0,40}") {
            let filter = Filter::parse(&text, &["state", "department"]);
            prop_assert!(filter.terms.iter().all(|term| !term.text.is_empty()));
        }
    }
}
