//! The name that was probably meant.

/// How a known name differs from the one that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Near<'a> {
    /// In letter case only.
    Case(&'a str),
    /// In a few letters.
    Letters(&'a str),
}

/// The nearest known name, if one is near. Names that differ in their numbers only are not (`extensionAttribute1`).
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<Near<'a>> {
    let lower = name.to_lowercase();
    let letters = without_digits(&lower);
    let limit = (name.chars().count() / 4).clamp(1, 4);
    let (distance, nearest) = known
        .map(|candidate| (strsim::damerau_levenshtein(&candidate.to_lowercase(), &lower), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .filter(|(distance, candidate)| *distance == 0 || without_digits(&candidate.to_lowercase()) != letters)
        .min()?;
    Some(if distance == 0 { Near::Case(nearest) } else { Near::Letters(nearest) })
}

/// As [`nearest`], among attributes of an app: another type (`emails[type eq "home"].value`) or another extension is
/// another attribute, not a slip.
pub(super) fn nearest_target<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed = |path: &str| path.split('"').nth(1).map(str::to_lowercase);
    let wanted = typed(name);
    let same_type = known.filter(|candidate| typed(candidate) == wanted);
    let near = same_type
        .map(|candidate| (strsim::damerau_levenshtein(&candidate.to_lowercase(), &name.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= 2)
        .min()?;
    Some(near.1)
}

fn without_digits(name: &str) -> String {
    name.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_other_names_are_not() {
        let known = ["department", "displayName", "mail", "extensionAttribute1"];
        let near = |name| nearest(name, known.into_iter());
        assert_eq!(near("Department"), Some(Near::Case("department")));
        assert_eq!(near("departement"), Some(Near::Letters("department")));
        assert_eq!(near("dispalyName"), Some(Near::Letters("displayName")));
        assert_eq!(near("mial"), Some(Near::Letters("mail")));
        assert_eq!(near("extensionAttribute16"), None);
        assert_eq!(near("x"), None);
        assert_eq!(near("manager"), None);
    }

    #[test]
    fn another_type_is_another_attribute() {
        let known = ["title", "emails[type eq \"work\"].value", "urn:x:2.0:User:department"];
        let near = |name| nearest_target(name, known.into_iter());
        assert_eq!(near("titel"), Some("title"));
        assert_eq!(near("emails[type eq \"home\"].value"), None);
        assert_eq!(near("emails[type eq \"work\"].valeu"), Some("emails[type eq \"work\"].value"));
        assert_eq!(near("urn:x:2.0:User:departmnt"), Some("urn:x:2.0:User:department"));
        assert_eq!(near("urn:x:2.0:User:division"), None);
    }
}
