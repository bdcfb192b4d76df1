//! Objects as Graph shows them: which properties there are, which come by default, and what an unset one looks like.

use super::answer::GraphError;
use crate::sandbox::directory::{Directory, Entry, Grant, Kind};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use uuid::Uuid;

const USER_DEFAULTS: &[&str] = &[
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];

const USER_OTHERS: &[&str] = &[
    "accountEnabled",
    "ageGroup",
    "assignedLicenses",
    "city",
    "companyName",
    "consentProvidedForMinor",
    "country",
    "createdDateTime",
    "creationType",
    "customSecurityAttributes",
    "deletedDateTime",
    "department",
    "employeeHireDate",
    "employeeId",
    "employeeLeaveDateTime",
    "employeeOrgData",
    "employeeType",
    "externalUserState",
    "externalUserStateChangeDateTime",
    "faxNumber",
    "identities",
    "imAddresses",
    "isResourceAccount",
    "lastPasswordChangeDateTime",
    "legalAgeGroupClassification",
    "mailNickname",
    "onPremisesDistinguishedName",
    "onPremisesDomainName",
    "onPremisesExtensionAttributes",
    "onPremisesImmutableId",
    "onPremisesLastSyncDateTime",
    "onPremisesProvisioningErrors",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "onPremisesUserPrincipalName",
    "otherMails",
    "passwordPolicies",
    "postalCode",
    "preferredDataLocation",
    "proxyAddresses",
    "refreshTokensValidFromDateTime",
    "securityIdentifier",
    "serviceProvisioningErrors",
    "showInAddressList",
    "signInActivity",
    "signInSessionsValidFromDateTime",
    "state",
    "streetAddress",
    "usageLocation",
    "userType",
];

/// Kept outside the directory: 501 when a list selects them.
const USER_ELSEWHERE: &[&str] = &[
    "aboutMe",
    "birthday",
    "hireDate",
    "interests",
    "mailboxSettings",
    "mySite",
    "pastProjects",
    "preferredName",
    "responsibilities",
    "schools",
    "skills",
];

const GROUP_PROPERTIES: &[&str] = &[
    "id",
    "deletedDateTime",
    "classification",
    "createdDateTime",
    "creationOptions",
    "description",
    "displayName",
    "expirationDateTime",
    "groupTypes",
    "isAssignableToRole",
    "mail",
    "mailEnabled",
    "mailNickname",
    "membershipRule",
    "membershipRuleProcessingState",
    "onPremisesDomainName",
    "onPremisesLastSyncDateTime",
    "onPremisesNetBiosName",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "preferredDataLocation",
    "preferredLanguage",
    "proxyAddresses",
    "renewedDateTime",
    "resourceBehaviorOptions",
    "resourceProvisioningOptions",
    "securityEnabled",
    "securityIdentifier",
    "theme",
    "uniqueName",
    "visibility",
    "onPremisesProvisioningErrors",
    "serviceProvisioningErrors",
];

const DEVICE_PROPERTIES: &[&str] =
    &["id", "accountEnabled", "deviceId", "displayName", "operatingSystem", "operatingSystemVersion"];

/// Properties that are lists: unset, they are empty instead of `null`.
const LISTS: &[&str] = &[
    "businessPhones",
    "otherMails",
    "proxyAddresses",
    "imAddresses",
    "identities",
    "assignedLicenses",
    "groupTypes",
    "creationOptions",
    "resourceBehaviorOptions",
    "resourceProvisioningOptions",
    "onPremisesProvisioningErrors",
    "serviceProvisioningErrors",
];

/// The properties that come without `$select`.
pub fn defaults(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::User => USER_DEFAULTS,
        Kind::Group => GROUP_PROPERTIES,
        Kind::Device => DEVICE_PROPERTIES,
    }
}

/// The declared spelling of a property, whatever the case it was written in.
pub fn declared(kind: Kind, name: &str) -> Option<&'static str> {
    let others = if kind == Kind::User { USER_OTHERS } else { &[] };
    defaults(kind).iter().chain(others).find(|known| known.eq_ignore_ascii_case(name)).copied()
}

/// Checks `$select` and puts the names into their declared spelling. Navigation properties stay as they are.
pub fn selection(kind: Kind, names: Option<Vec<String>>) -> Result<Option<Vec<String>>, GraphError> {
    let Some(names) = names else { return Ok(None) };
    let mut out = Vec::with_capacity(names.len());
    for name in names {
        if kind == Kind::User && USER_ELSEWHERE.contains(&name.as_str()) {
            let text = "This operation target is not yet supported.";
            return Err(GraphError::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", text));
        }
        let navigation = ["manager", "members", "owners", "memberOf", "directReports"].contains(&name.as_str());
        match declared(kind, &name) {
            Some(known) => out.push(known.to_owned()),
            None if navigation || name == "*" || name.starts_with("extension_") => out.push(name),
            None => {
                let message =
                    format!("Could not find a property named '{name}' on type 'microsoft.graph.{}'.", kind.word());
                return Err(GraphError::new(StatusCode::BAD_REQUEST, "BadRequest", message));
            }
        }
    }
    Ok(Some(out))
}

/// What a property that was never set looks like in a plain read.
fn unset(name: &str) -> Option<Value> {
    if name.starts_with("extension_") {
        return None;
    }
    if name == "onPremisesExtensionAttributes" {
        return Some(Value::Object((1..=15).map(|n| (format!("extensionAttribute{n}"), Value::Null)).collect()));
    }
    Some(if LISTS.contains(&name) { json!([]) } else { Value::Null })
}

/// One property as a plain read shows it.
pub fn property(id: Uuid, entry: &Entry, name: &str) -> Option<Value> {
    if name == "id" {
        return Some(json!(id));
    }
    match entry.properties.get(name) {
        None => unset(name),
        Some(Value::Object(part)) if name == "onPremisesExtensionAttributes" => {
            let mut whole = unset(name)?;
            if let Some(map) = whole.as_object_mut() {
                map.extend(part.clone());
            }
            Some(whole)
        }
        Some(value) => Some(value.clone()),
    }
}

/// An object with the selected properties, or the default ones.
pub fn object(kind: Kind, id: Uuid, entry: &Entry, select: Option<&[String]>) -> Map<String, Value> {
    let mut map = Map::new();
    let mut put = |name: &str| {
        if let Some(value) = property(id, entry, name) {
            map.insert(name.to_owned(), value);
        }
    };
    match select {
        Some(names) if !names.iter().any(|name| name == "*") => {
            names
                .iter()
                .filter(|name| declared(kind, name).is_some() || name.starts_with("extension_"))
                .for_each(|n| put(n));
        }
        _ => defaults(kind).iter().for_each(|name| put(name)),
    }
    map
}

/// The member or manager as a `directoryObject`: with its type in front.
pub fn directory_object(kind: Kind, id: Uuid, entry: &Entry, select: Option<&[String]>) -> Value {
    let mut map = Map::new();
    map.insert("@odata.type".into(), json!(kind.odata_type()));
    map.extend(object(kind, id, entry, select));
    Value::Object(map)
}

/// `users(id,displayName)`: the part of the context after the number sign.
pub fn context(set: &str, select: Option<&[String]>) -> String {
    match select {
        Some(names) if !names.is_empty() => format!("{set}({})", names.join(",")),
        _ => set.to_owned(),
    }
}

/// The id of an assignment: both GUIDs in .NET byte order, base64url, 43 characters.
pub fn grant_id(key: Uuid, grant: &Grant) -> String {
    let mut bytes = grant.principal.to_bytes_le().to_vec();
    bytes.extend(key.to_bytes_le());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The key within an assignment id.
pub fn grant_key(id: &str) -> Option<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(id).ok()?;
    Uuid::from_slice_le(bytes.get(16..)?).ok()
}

/// An assignment as Graph shows it.
pub fn grant(directory: &Directory, key: Uuid, grant: &Grant) -> Value {
    let name = directory.all(grant.kind).get(&grant.principal).and_then(|entry| entry.text("displayName"));
    json!({
        "id": grant_id(key, grant),
        "deletedDateTime": null,
        "appRoleId": grant.role,
        "createdDateTime": grant.created,
        "principalDisplayName": name,
        "principalId": grant.principal,
        "principalType": if grant.kind == Kind::Group { "Group" } else { "User" },
        "resourceDisplayName": "Flock",
        "resourceId": directory.identity.flock,
    })
}

/// The service principals of the tenant: the Flock app, and the one Heeler signs in as.
pub fn service_principals(directory: &Directory) -> Vec<Map<String, Value>> {
    let identity = &directory.identity;
    let one = |id: Uuid, app: Uuid, name: &str, roles: &[Value], required: bool, home: Value| {
        json!({
            "id": id, "deletedDateTime": null, "accountEnabled": true, "alternativeNames": [],
            "appDisplayName": name, "appId": app, "applicationTemplateId": null,
            "appOwnerOrganizationId": identity.tenant_id, "appRoleAssignmentRequired": required,
            "createdDateTime": "2024-01-15T08:00:00Z", "description": null, "disabledByMicrosoftStatus": null,
            "displayName": name, "homepage": home, "loginUrl": null, "logoutUrl": null, "notes": null,
            "notificationEmailAddresses": [], "preferredSingleSignOnMode": null,
            "preferredTokenSigningKeyThumbprint": null, "replyUrls": [], "samlSingleSignOnSettings": null,
            "servicePrincipalNames": [app], "servicePrincipalType": "Application",
            "signInAudience": "AzureADMyOrg",
            "tags": ["WindowsAzureActiveDirectoryIntegratedApp"], "tokenEncryptionKeyId": null,
            "addIns": [], "appRoles": roles, "info": {}, "keyCredentials": [], "oauth2PermissionScopes": [],
            "passwordCredentials": [], "resourceSpecificApplicationPermissions": [], "verifiedPublisher": {},
        })
    };
    let flock =
        one(identity.flock, identity.flock_app, "Flock", &directory.roles, true, json!("https://www.flock.com/"));
    let own = one(identity.client_principal, identity.client_id, "Heeler", &[], false, Value::Null);
    [flock, own].into_iter().filter_map(|value| value.as_object().cloned()).collect()
}
