//! What the two systems contain: directories, objects, attributes.

use super::error::MappingError;
use super::reader::{Place, name_of, named};

/// The declared type of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// The id of another object.
    Reference,
    /// Base64 text.
    Binary,
    /// true or false.
    Boolean,
    /// ISO 8601 text.
    DateTime,
}

impl AttributeType {
    /// The names of the schema.
    pub(super) const NAMES: [(&str, Self); 6] = [
        ("String", Self::String),
        ("Integer", Self::Integer),
        ("Reference", Self::Reference),
        ("Binary", Self::Binary),
        ("Boolean", Self::Boolean),
        ("DateTime", Self::DateTime),
    ];

    /// The name as Graph writes it.
    pub fn as_str(self) -> &'static str {
        name_of(&Self::NAMES, &self)
    }

    /// Reads a name in any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        named(&Self::NAMES, text)
    }
}

/// Who may write an attribute, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    /// Read and written.
    ReadWrite,
    /// Never written.
    ReadOnly,
    /// Written once.
    Immutable,
    /// Written, never read.
    WriteOnly,
}

/// One attribute of an object type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeDefinition {
    /// Name; for the app a SCIM path such as `emails[type eq "work"].value`.
    pub name: String,
    /// Declared type; `String` if none is given.
    pub kind: AttributeType,
    /// The immutable unique key.
    pub anchor: bool,
    /// A create without a value fails (E7.5).
    pub required: bool,
    /// Whether a change of letter case is a change (E7.12).
    pub case_exact: bool,
    /// Whether several values are allowed.
    pub multivalued: bool,
    /// Who may write it.
    pub mutability: Mutability,
    /// Tried when a required attribute has no value.
    pub default_value: Option<String>,
}

/// One object type of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectDefinition {
    /// Name, unique in the directory.
    pub name: String,
    /// Attributes.
    pub attributes: Vec<AttributeDefinition>,
}

impl ObjectDefinition {
    /// An attribute by its exact name.
    pub fn attribute(&self, name: &str) -> Option<&AttributeDefinition> {
        self.attributes.iter().find(|a| a.name == name)
    }
}

/// One of the two systems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryDefinition {
    /// Name that rules refer to.
    pub name: String,
    /// Object types.
    pub objects: Vec<ObjectDefinition>,
}

impl AttributeType {
    /// The type an attribute usually has, where a schema does not say it.
    pub(super) fn usual(name: &str) -> Self {
        let last = name.rsplit([':', '.']).next().unwrap_or(name).to_ascii_lowercase();
        match last.as_str() {
            "active" | "primary" | "accountenabled" | "issoftdeleted" | "onpremisessyncenabled" => Self::Boolean,
            "manager" | "members" => Self::Reference,
            "employeehiredate" | "employeeleavedatetime" => Self::DateTime,
            _ => Self::String,
        }
    }
}

pub(super) fn read_directory(place: &Place<'_>) -> Result<DirectoryDefinition, MappingError> {
    let objects = place.objects("objects")?.iter().map(read_object).collect::<Result<_, _>>()?;
    Ok(DirectoryDefinition { name: place.required_text("name")?, objects })
}

fn read_object(place: &Place<'_>) -> Result<ObjectDefinition, MappingError> {
    let attributes = place.objects("attributes")?.iter().map(read_attribute).collect::<Result<_, _>>()?;
    Ok(ObjectDefinition { name: place.required_text("name")?, attributes })
}

fn read_attribute(place: &Place<'_>) -> Result<AttributeDefinition, MappingError> {
    const MUTABILITIES: [(&str, Mutability); 4] = [
        ("ReadWrite", Mutability::ReadWrite),
        ("ReadOnly", Mutability::ReadOnly),
        ("Immutable", Mutability::Immutable),
        ("WriteOnly", Mutability::WriteOnly),
    ];
    Ok(AttributeDefinition {
        name: place.required_text("name")?,
        kind: place.choice("type", &AttributeType::NAMES, AttributeType::String)?,
        anchor: place.boolean("anchor", false)?,
        required: place.boolean("required", false)?,
        case_exact: place.boolean("caseExact", false)?,
        multivalued: place.boolean("multivalued", false)?,
        mutability: place.choice("mutability", &MUTABILITIES, Mutability::ReadWrite)?,
        default_value: place.text("defaultValue")?,
    })
}
