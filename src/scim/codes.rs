//! Error codes of the provisioning log: what each means and what to do about it (E13c).

/// Meaning and resolution of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code as it stands in the log.
    pub code: &'static str,
    /// What happened.
    pub meaning: &'static str,
    /// What an administrator can do.
    pub resolution: &'static str,
}

/// Looks a code up. Real entries may carry the name of a connector in front (E13.31), so the longest known code that
/// the text ends with is taken.
pub fn lookup(code: &str) -> Option<&'static Code> {
    CODES.iter().filter(|known| code.ends_with(known.code)).max_by_key(|known| known.code.len())
}

/// What to do about a code; a general sentence for unknown ones.
pub fn advice(code: &str) -> &'static str {
    lookup(code)
        .map_or("Read the reason, correct the object or the app, and let the object be tried again.", |c| c.resolution)
}

/// What a code means; empty for unknown ones.
pub fn meaning(code: &str) -> &'static str {
    lookup(code).map_or("", |c| c.meaning)
}

const CLASH: &str = "The app already has another resource with one of the values.";
const CLASH_ADVICE: &str = "Change the value on one of the two sides. If the other account belongs to the same person, \
    correct the matching attribute, so that the account is taken over instead of created again.";
const RIGHTS: &str = "The app let us in but does not allow this.";
const RIGHTS_ADVICE: &str =
    "Give the account behind the token the rights the app's setup guide asks for, then try again.";
const LATER: &str = "Nothing: it is tried again by itself. If it stays, ask the vendor of the app.";
const MISSING: &str = "The app requires a value that the object does not have.";
const MISSING_ADVICE: &str = "Fill the value in the directory, or map the required attribute (matching attributes included) to something filled.";

const fn code(code: &'static str, meaning: &'static str, resolution: &'static str) -> Code {
    Code { code, meaning, resolution }
}

/// Every code, in no particular order.
pub const CODES: &[Code] = &[
    code("Conflict", CLASH, CLASH_ADVICE),
    code("EntryConflict", CLASH, CLASH_ADVICE),
    code(
        "TooManyRequests",
        "The app takes fewer requests than were sent and asked for a pause.",
        "Nothing: it is tried again by itself. If it stays, lower the concurrency or ask the vendor for a higher limit.",
    ),
    code("InternalServerError", "The app failed on its side, or is down.", LATER),
    code("InsufficientRights", RIGHTS, RIGHTS_ADVICE),
    code("MethodNotAllowed", RIGHTS, RIGHTS_ADVICE),
    code("NotPermitted", RIGHTS, RIGHTS_ADVICE),
    code(
        "Unauthorized",
        "The app does not accept the token.",
        "Make a new token in the app with an account that has administrator rights, store it, and test the connection.",
    ),
    code(
        "UnprocessableEntity",
        "The app refused what was sent as invalid.",
        "Read the app's reason, then compare the mapping and the object's values with what the app accepts.",
    ),
    code("WebExceptionProtocolError", "The exchange with the app broke on the way.", LATER),
    code(
        "InvalidAnchor",
        "The app no longer knows the resource that was created or matched earlier.",
        "Restore the resource in the app, or let the object be matched again: restart the job with a reset of its links.",
    ),
    code(
        "NotImplemented",
        "The app does not support what was asked.",
        "Switch the operation or the attribute off in the mapping, or ask the vendor whether another form is supported.",
    ),
    code("MandatoryFieldsMissing", MISSING, MISSING_ADVICE),
    code("MissingValues", MISSING, MISSING_ADVICE),
    code(
        "SchemaAttributeNotFound",
        "The mapping writes an attribute that the app does not have.",
        "Take the attribute out of the mapping, or correct its name.",
    ),
    code(
        "InternalError",
        "Something failed inside the provisioning engine.",
        "Nothing: it is tried again by itself. If it stays, report it.",
    ),
    code(
        "InvalidDomain",
        "A value has a domain that the app does not accept.",
        "Verify the domain in the app, or change the value in the directory.",
    ),
    code("Timeout", "The app took too long to answer.", LATER),
    code(
        "LicenseLimitExceeded",
        "The app has no free licence or seat.",
        "Buy or free licences, or assign fewer people; then the waiting people are tried again.",
    ),
    code(
        "DuplicateTargetEntries",
        "Several resources of the app fit the matching attribute.",
        "Remove the surplus ones in the app, or match by an attribute that is unique there.",
    ),
    code(
        "DuplicateSourceEntries",
        "Several objects of the directory have the same matching value.",
        "Correct the value on all but one, or match by an attribute that is unique.",
    ),
    code(
        "ImportSkipped",
        "The object has no value to be matched by. Whether it is in scope was not asked.",
        "Fill the matching attribute in the directory, or match by another one.",
    ),
    code(
        "EntrySynchronizationSkipped",
        "Nothing was to be done: the object is out of scope, or the app has the same values.",
        "Nothing. If a change was expected, look at the assignment, the scoping filters and the steps of this entry.",
    ),
    code(
        "SystemForCrossDomainIdentityManagementMultipleEntriesInResponse",
        "Several resources came where one was asked for.",
        "Have the app honour filters and excludedAttributes=members.",
    ),
    code(
        "SystemForCrossDomainIdentityManagementServiceIncompatible",
        "The app's answer is not usable as SCIM.",
        "Check the tenant URL; then report the answer to the vendor of the app.",
    ),
    code(
        "SchemaPropertyCanOnlyAcceptValue",
        "Several values were given for an attribute that takes one.",
        "Map a source with one value, reduce it in an expression, or remove the mapping.",
    ),
    code("RedundantExport", "The app already has these values; nothing was written.", "Nothing."),
    code(
        "UnableToResolveReferenceAttributeValue",
        "A manager or member could not be set, because that person is not in the app.",
        "Bring the person into scope; the reference is set in the cycle after.",
    ),
    code(
        "NotEffectivelyEntitled",
        "The assignment does not entitle the person, for instance because it is only Default Access.",
        "Assign a role of the app, or remove the assignment and make it again.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_found_behind_a_connector_name() {
        for (i, code) in CODES.iter().enumerate() {
            assert!(CODES[i + 1..].iter().all(|other| other.code != code.code), "{} twice", code.code);
            assert_eq!(lookup(code.code), Some(code));
        }
        assert_eq!(lookup("FlockEntryConflict").map(|c| c.code), Some("EntryConflict"));
        assert_eq!(lookup("SomethingElse"), None);
        assert!(!advice("SomethingElse").is_empty());
    }
}
