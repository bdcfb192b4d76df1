use super::*;
use crate::mapping::{Preset, Schema};
use serde_json::json;

fn user(properties: Value) -> DirectoryUser {
    DirectoryUser {
        id: "u1".into(),
        properties: serde_json::from_value(properties).unwrap(),
        manager: Some("u2".into()),
        removed: None,
    }
}

#[test]
fn engine_names_reach_graph_properties() {
    let user = user(json!({
        "userPrincipalName": "ada@contoso.com", "mobilePhone": "+1 1", "businessPhones": ["+1 2", "+1 3"],
        "officeLocation": "B4", "faxNumber": "+1 4", "accountEnabled": true, "mailNickname": "ada",
        "onPremisesExtensionAttributes": {"extensionAttribute7": "seven"}, "extension_0123_shoeSize": "39",
    }));
    let role = Role { id: "r".into(), value: Some("v".into()), display_name: "Editor".into() };
    let roles = [role];
    let object = SourceObject::user(&user).with_roles(&roles).with_soft_deleted(true);
    for (name, expected) in [
        ("objectId", json!("u1")),
        ("mobile", json!("+1 1")),
        ("telephoneNumber", json!("+1 2")),
        ("physicalDeliveryOfficeName", json!("B4")),
        ("facsimileTelephoneNumber", json!("+1 4")),
        ("extensionAttribute7", json!("seven")),
        ("extensionAttribute8", Value::Null),
        ("extension_0123_shoeSize", json!("39")),
        ("mailNickname", json!("ada")),
        ("manager", json!("u2")),
        ("IsSoftDeleted", json!(true)),
        ("appRoleAssignments", json!([{"id": "r", "value": "v", "displayName": "Editor"}])),
        ("MailNickname", Value::Null),
    ] {
        assert_eq!(object.json(name), expected, "{name}");
    }
}

#[test]
fn guests_lose_the_suffix_and_keep_it_under_the_original_name() {
    for (upn, expected) in [
        ("ada_fabrikam.com#EXT#@contoso.onmicrosoft.com", "ada@fabrikam.com"),
        ("ada_l_fabrikam.com#ext#@contoso.com", "ada_l@fabrikam.com"),
        ("ada#EXT#@contoso.com", "ada#EXT#@contoso.com"),
        ("ada@contoso.com", "ada@contoso.com"),
    ] {
        let user = user(json!({"userPrincipalName": upn}));
        let object = SourceObject::user(&user);
        assert_eq!(object.json("userPrincipalName"), json!(expected));
        assert_eq!(object.json("originalUserPrincipalName"), json!(upn));
    }
}

#[test]
fn the_selection_holds_what_the_mapping_reads_under_graph_names() {
    let schema = Schema::preset(Preset::Scim).unwrap();
    let users = schema.compile(ObjectType::User).unwrap().unwrap();
    let groups = schema.compile(ObjectType::Group).unwrap().unwrap();
    let selected = graph_properties(&[&users, &groups]);
    for name in ["id", "accountEnabled", "userType", "businessPhones", "mobilePhone", "faxNumber", "officeLocation"] {
        assert!(selected.iter().any(|s| s == name), "{name}");
    }
    for name in ["manager", "members", "IsSoftDeleted", "objectId", "telephoneNumber", "mobile"] {
        assert!(!selected.iter().any(|s| s == name), "{name}");
    }
    let mut unique = selected.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), selected.len());
    assert_eq!(group_properties(&[&users, &groups]), ["id", "displayName", "mail", "mailNickname", "securityEnabled"]);
}
