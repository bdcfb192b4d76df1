//! Schemas as data: the core User and Group, the Enterprise extension, and what any app declares at `/Schemas`.

use super::path::{AttrPath, is_core};
use serde::Deserialize;
use serde_json::Value;
use std::sync::LazyLock;

/// URN of the core User schema.
pub const USER_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URN of the core Group schema.
pub const GROUP_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// URN of the Enterprise User extension.
pub const ENTERPRISE_URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const COMMON_JSON: &str = include_str!("data/common.json");
const USER_JSON: &str = include_str!("data/user.json");
const GROUP_JSON: &str = include_str!("data/group.json");
const ENTERPRISE_JSON: &str = include_str!("data/enterprise_user.json");
const RESOURCE_TYPES_JSON: &str = include_str!("data/resource_types.json");
const CONFIG_JSON: &str = include_str!("data/service_provider_config.json");

/// Data type of an attribute (RFC 7643 section 2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Text.
    #[default]
    String,
    /// True or false.
    Boolean,
    /// A number with fraction.
    Decimal,
    /// A whole number.
    Integer,
    /// RFC 3339 date and time.
    DateTime,
    /// Base64 text.
    Binary,
    /// A URI.
    Reference,
    /// An object with sub-attributes.
    Complex,
}

/// Who may write an attribute, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mutability {
    /// The service alone.
    ReadOnly,
    /// Anybody, at any time.
    #[default]
    ReadWrite,
    /// Once.
    Immutable,
    /// Written, never read.
    WriteOnly,
}

/// When an attribute is part of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Returned {
    /// Whatever the request says.
    Always,
    /// Never.
    Never,
    /// Unless excluded.
    #[default]
    Default,
    /// Only if asked for.
    Request,
}

/// Whether two resources may share a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Uniqueness {
    /// They may.
    #[default]
    None,
    /// Not within the service.
    Server,
    /// Nowhere.
    Global,
}

/// Characteristics of an attribute; defaults of RFC 7643 section 2.2.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// Name, in the spelling of the schema.
    pub name: String,
    /// Data type.
    #[serde(rename = "type", default)]
    pub kind: Kind,
    /// Whether it is a list.
    #[serde(default)]
    pub multi_valued: bool,
    /// Whether a resource must have it.
    #[serde(default)]
    pub required: bool,
    /// Whether letter case matters in comparisons.
    #[serde(default)]
    pub case_exact: bool,
    /// Who may write it.
    #[serde(default)]
    pub mutability: Mutability,
    /// When it is returned.
    #[serde(default)]
    pub returned: Returned,
    /// Whether values are unique.
    #[serde(default)]
    pub uniqueness: Uniqueness,
    /// Suggested values; others are allowed.
    #[serde(default)]
    pub canonical_values: Vec<String>,
    /// Parts of a complex attribute.
    #[serde(default)]
    pub sub_attributes: Vec<Attribute>,
}

impl Attribute {
    /// The sub-attribute of that name, letter case ignored.
    pub fn sub(&self, name: &str) -> Option<&Attribute> {
        find(&self.sub_attributes, name)
    }
}

/// One schema.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Schema {
    /// URN.
    #[serde(default)]
    pub id: String,
    /// Attributes at its top.
    #[serde(default)]
    pub attributes: Vec<Attribute>,
}

impl Schema {
    /// The attribute of that name, letter case ignored.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        find(&self.attributes, name)
    }
}

fn find<'a>(list: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    list.iter().find(|a| a.name.eq_ignore_ascii_case(name))
}

/// The schemas of one resource type: common attributes, the core schema, extensions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schemas {
    /// Attributes at the top of the resource (common and core).
    pub core: Option<Schema>,
    /// Extensions, each under its URN.
    pub extensions: Vec<Schema>,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The extension that holds the attribute; `None` for the top of the resource.
    pub extension: Option<&'a Schema>,
    /// The attribute.
    pub attribute: &'a Attribute,
    /// The sub-attribute, if the path names one.
    pub sub: Option<&'a Attribute>,
}

impl<'a> Target<'a> {
    /// The innermost attribute that the path names.
    pub fn leaf(&self) -> &'a Attribute {
        self.sub.unwrap_or(self.attribute)
    }
}

static USER: LazyLock<Schemas> = LazyLock::new(|| Schemas::built_in(USER_JSON, &[ENTERPRISE_JSON]));
static GROUP: LazyLock<Schemas> = LazyLock::new(|| Schemas::built_in(GROUP_JSON, &[]));
static NONE: Schemas = Schemas { core: None, extensions: Vec::new() };

impl Schemas {
    /// Users: core and Enterprise extension.
    pub fn user() -> &'static Self {
        &USER
    }

    /// Groups.
    pub fn group() -> &'static Self {
        &GROUP
    }

    /// Nothing is known; text compares without regard to case.
    pub fn none() -> &'static Self {
        &NONE
    }

    /// The schemas of a resource type as an app declares them: `core` and the `extensions` out of the resources of
    /// `/Schemas`. Whatever cannot be read is left out.
    pub fn declared(resources: &[Value], core: &str, extensions: &[&str]) -> Self {
        let read = |urn: &str| {
            resources
                .iter()
                .find(|r| r.get("id").and_then(Value::as_str).is_some_and(|id| id.eq_ignore_ascii_case(urn)))
                .and_then(|r| Schema::deserialize(r).ok())
        };
        let mut top = read(core);
        if let (Some(schema), Some(common)) = (&mut top, parse(COMMON_JSON)) {
            schema.attributes.extend(common.attributes);
        }
        Self { core: top, extensions: extensions.iter().filter_map(|urn| read(urn)).collect() }
    }

    fn built_in(core: &str, extensions: &[&str]) -> Self {
        let mut top = parse(core);
        if let (Some(schema), Some(common)) = (&mut top, parse(COMMON_JSON)) {
            schema.attributes.splice(0..0, common.attributes);
        }
        Self { core: top, extensions: extensions.iter().filter_map(|text| parse(text)).collect() }
    }

    /// The extension with that URN, letter case ignored.
    pub fn extension(&self, urn: &str) -> Option<&Schema> {
        self.extensions.iter().find(|s| s.id.eq_ignore_ascii_case(urn))
    }

    /// URN of the core schema.
    pub fn core_urn(&self) -> &str {
        self.core.as_ref().map_or("", |s| &s.id)
    }

    /// What the path leads to; `None` if no schema declares it. A name without URN that the core does not know is
    /// looked for in the extensions: Entra's older samples write `manager` (E9.28).
    pub fn resolve(&self, path: &AttrPath) -> Option<Target<'_>> {
        let (extension, attribute) = match path.schema.as_deref() {
            Some(urn) if is_core(urn) => (None, self.core.as_ref()?.attribute(&path.attr)?),
            Some(urn) => {
                let extension = self.extension(urn)?;
                (Some(extension), extension.attribute(&path.attr)?)
            }
            None => match self.core.as_ref().and_then(|core| core.attribute(&path.attr)) {
                Some(attribute) => (None, attribute),
                None => self
                    .extensions
                    .iter()
                    .find_map(|e| e.attribute(&path.attr).map(|attribute| (Some(e), attribute)))?,
            },
        };
        let sub = match &path.sub {
            Some(name) => Some(attribute.sub(name)?),
            None => None,
        };
        Some(Target { extension, attribute, sub })
    }

    /// Characteristics of the attribute that a path leads to.
    pub fn attribute(&self, path: &AttrPath) -> Option<&Attribute> {
        self.resolve(path).map(|target| target.leaf())
    }
}

fn parse(text: &str) -> Option<Schema> {
    serde_json::from_str(text).ok()
}

/// The resources of `/Schemas`: User, Group, EnterpriseUser.
pub fn schema_resources() -> Vec<Value> {
    [USER_JSON, GROUP_JSON, ENTERPRISE_JSON].iter().filter_map(|text| serde_json::from_str(text).ok()).collect()
}

/// The resources of `/ResourceTypes`.
pub fn resource_types() -> Vec<Value> {
    serde_json::from_str(RESOURCE_TYPES_JSON).unwrap_or_default()
}

/// The resource at `/ServiceProviderConfig`.
pub fn service_provider_config() -> Value {
    serde_json::from_str(CONFIG_JSON).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(path: &str) -> &'static Attribute {
        Schemas::user().attribute(&AttrPath::parse(path).unwrap()).unwrap()
    }

    #[test]
    fn built_in_data_is_whole() {
        assert_eq!(schema_resources().len(), 3);
        assert_eq!(resource_types().len(), 2);
        assert_eq!(service_provider_config()["patch"]["supported"], true);
        assert_eq!(Schemas::user().core_urn(), USER_URN);
        assert_eq!(Schemas::group().core_urn(), GROUP_URN);
    }

    #[test]
    fn characteristics_by_path() {
        assert_eq!(user("USERNAME").uniqueness, Uniqueness::Server);
        assert!(!user("userName").case_exact);
        assert!(user("externalId").case_exact && user("id").case_exact);
        assert_eq!(user("emails.primary").kind, Kind::Boolean);
        assert!(user("emails").multi_valued);
        assert_eq!(user("password").returned, Returned::Never);
        assert_eq!(user("groups").mutability, Mutability::ReadOnly);
        assert_eq!(user("meta.lastModified").kind, Kind::DateTime);
        assert_eq!(user("manager").kind, Kind::Complex);
        assert_eq!(user(&format!("{ENTERPRISE_URN}:department")).kind, Kind::String);
        assert_eq!(user(&format!("{USER_URN}:userName")).name, "userName");
        assert!(Schemas::user().attribute(&AttrPath::of("shoeSize")).is_none());
        assert!(Schemas::group().attribute(&AttrPath::of("manager")).is_none());
    }

    #[test]
    fn an_app_declares_its_own() {
        let declared = [serde_json::json!({"id": USER_URN, "attributes": [
            {"name": "userName", "caseExact": true}, {"name": "active", "type": "boolean", "mutability": "readOnly"}]})];
        let schemas = Schemas::declared(&declared, USER_URN, &[ENTERPRISE_URN]);
        let at = |name: &str| schemas.attribute(&AttrPath::of(name));
        assert!(at("username").unwrap().case_exact);
        assert_eq!(at("active").unwrap().mutability, Mutability::ReadOnly);
        assert!(at("externalId").is_some() && at("title").is_none());
        assert!(schemas.extensions.is_empty());
    }
}
