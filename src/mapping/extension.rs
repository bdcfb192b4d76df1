//! Names of directory extension attributes (E15.6).

/// Whether a name is that of an extension attribute.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ExtensionName {
    /// Another attribute.
    None,
    /// `extension_<app id>_<name>` or `extensionAttribute1` to `15`.
    Right,
    /// Nearly one; what is wrong with it.
    Wrong(String),
}

pub(super) fn extension_name(name: &str) -> ExtensionName {
    let lower = name.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("extensionattribute") {
        let number = rest.parse::<u8>().ok().filter(|n| (1..=15).contains(n) && rest == n.to_string());
        return match number {
            Some(n) if name == format!("extensionAttribute{n}") => ExtensionName::Right,
            Some(n) => ExtensionName::Wrong(format!("names are case-sensitive: write extensionAttribute{n}")),
            None => {
                ExtensionName::Wrong(format!("there is no {name}, only extensionAttribute1 to extensionAttribute15"))
            }
        };
    }
    let Some(rest) = lower.strip_prefix("extension_") else { return ExtensionName::None };
    let hint = "extension attributes are named extension_<app id without hyphens>_<name>";
    match rest.split_once('_') {
        Some((app, attribute))
            if !attribute.is_empty() && app.len() == 32 && app.bytes().all(|b| b.is_ascii_hexdigit()) =>
        {
            if name.starts_with("extension_") {
                ExtensionName::Right
            } else {
                ExtensionName::Wrong(format!("names are case-sensitive: {name} must begin with extension_"))
            }
        }
        Some((app, _)) => ExtensionName::Wrong(format!("{hint}, and `{app}` is no app id of 32 hexadecimal digits")),
        None => ExtensionName::Wrong(hint.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_and_wrong_names() {
        let wrong = |name: &str| matches!(extension_name(name), ExtensionName::Wrong(_));
        let app = "0123456789abcdef0123456789ABCDEF";
        for right in ["extensionAttribute1", "extensionAttribute15", &format!("extension_{app}_shoeSize")] {
            assert_eq!(extension_name(right), ExtensionName::Right, "{right}");
        }
        for name in ["extensionAttribute0", "extensionAttribute16", "extensionattribute1", "extensionAttribute01"] {
            assert!(wrong(name), "{name}");
        }
        for name in [
            "extension_shoeSize",
            "extension_0123_shoeSize",
            &format!("Extension_{app}_a"),
            &format!("extension_{app}_"),
        ] {
            assert!(wrong(name), "{name}");
        }
        assert_eq!(extension_name("department"), ExtensionName::None);
    }
}
