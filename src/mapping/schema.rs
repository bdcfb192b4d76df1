//! The synchronization schema: raw JSON that is kept as it came, and typed views of it.

use super::attribute::{DirectoryDefinition, ObjectDefinition, read_directory};
use super::compile::{CompiledMapping, compile};
use super::error::MappingError;
use super::numbers;
use super::reader::{Place, name_of, named, pointer_of};
use crate::model::ObjectType;
use serde_json::Value;

/// The mappings that come with Heeler, each one a schema file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// Flock (E15.21).
    Flock,
    /// Any SCIM 2.0 app (E15.22).
    Scim,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 2] = [Self::Flock, Self::Scim];

    /// `flock` or `scim`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flock => "flock",
            Self::Scim => "scim",
        }
    }

    /// The inverse of [`Preset::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == text)
    }

    /// The schema file.
    pub fn json(self) -> &'static str {
        match self {
            Self::Flock => include_str!("presets/flock.json"),
            Self::Scim => include_str!("presets/scim.json"),
        }
    }
}

/// When an attribute mapping applies (E7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowType {
    /// On create and update.
    Always,
    /// On create only.
    ObjectAddOnly,
    /// Only additions to a list.
    MultiValueAddOnly,
    /// Additions flow, removals do not.
    ValueAddOnly,
    /// Only while the app has no value.
    AttributeAddOnly,
}

impl FlowType {
    /// The names of the schema.
    pub(super) const NAMES: [(&str, Self); 5] = [
        ("Always", Self::Always),
        ("ObjectAddOnly", Self::ObjectAddOnly),
        ("MultiValueAddOnly", Self::MultiValueAddOnly),
        ("ValueAddOnly", Self::ValueAddOnly),
        ("AttributeAddOnly", Self::AttributeAddOnly),
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

/// Whether an unchanged value is sent again (E5.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowBehavior {
    /// Only when it changed.
    FlowWhenChanged,
    /// Every time.
    FlowAlways,
}

impl FlowBehavior {
    /// The names of the schema.
    pub(super) const NAMES: [(&str, Self); 2] =
        [("FlowWhenChanged", Self::FlowWhenChanged), ("FlowAlways", Self::FlowAlways)];

    /// The name as Graph writes it.
    pub fn as_str(self) -> &'static str {
        name_of(&Self::NAMES, &self)
    }

    /// Reads a name in any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        named(&Self::NAMES, text)
    }
}

/// What kind of source an attribute mapping has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// One attribute.
    Attribute,
    /// A fixed text.
    Constant,
    /// An expression.
    Function,
}

/// Where the value of a mapping comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingSource {
    /// Attribute, constant or function.
    pub kind: SourceKind,
    /// Attribute name, constant or function name.
    pub name: Option<String>,
    /// The text; what it says counts.
    pub expression: Option<String>,
    /// The whole source as it stands in the schema. Its `parameters` are read where there is no text.
    pub tree: Value,
}

/// One attribute mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeMapping {
    /// Where it stands in the schema.
    pub path: String,
    /// Attribute of the app.
    pub target: String,
    /// Source, or none.
    pub source: Option<MappingSource>,
    /// Used on create when there is no value (E7.4).
    pub default_value: Option<String>,
    /// When it applies.
    pub flow_type: FlowType,
    /// Whether unchanged values flow.
    pub flow_behavior: FlowBehavior,
    /// 0 for none, else the order among matching attributes (E6.2).
    pub matching_priority: u32,
}

/// The mapping of one object type to another (E1.12).
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectMapping {
    /// Where it stands in the schema.
    pub path: String,
    /// Name shown to people.
    pub name: String,
    /// Whether it runs.
    pub enabled: bool,
    /// Whether objects are created.
    pub add: bool,
    /// Whether objects are updated.
    pub update: bool,
    /// Whether objects are deleted.
    pub delete: bool,
    /// Object type of the source.
    pub source_object: String,
    /// Object type of the app.
    pub target_object: String,
    /// Attribute mappings in order.
    pub attributes: Vec<AttributeMapping>,
    /// The scoping filter as it is written.
    pub scope: Option<Value>,
}

/// What flows between two directories.
#[derive(Clone, Debug, PartialEq)]
pub struct SynchronizationRule {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// Lowest first.
    pub priority: i64,
    /// Name of the source directory.
    pub source_directory: String,
    /// Name of the target directory.
    pub target_directory: String,
    /// Object mappings.
    pub mappings: Vec<ObjectMapping>,
}

/// A synchronization schema in the shape of Microsoft Graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    raw: Value,
    directories: Vec<DirectoryDefinition>,
    rules: Vec<SynchronizationRule>,
}

/// The parser's words without the line and column that it adds to them.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).map(str::to_owned).unwrap_or(text)
}

impl Schema {
    /// Reads a schema as Graph returns it, or as the portal exports it.
    ///
    /// # Errors
    ///
    /// The text is not JSON, or a member that Heeler uses is missing or of the wrong type, or there is a number that
    /// could not be written again as it is; the error names the place.
    pub fn from_json(text: &str) -> Result<Self, MappingError> {
        // An editor on Windows may have put a byte order mark in front.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let raw = serde_json::from_str(text).map_err(|error| MappingError::NotJson {
            line: error.line(),
            column: error.column(),
            message: without_place(&error),
        })?;
        numbers::check(text)?;
        Self::from_value(raw)
    }

    /// As [`Schema::from_json`], from parsed JSON.
    ///
    /// # Errors
    ///
    /// As [`Schema::from_json`].
    pub fn from_value(raw: Value) -> Result<Self, MappingError> {
        let root = Place::root(&raw).object()?;
        let directories = root.objects("directories")?.iter().map(read_directory).collect::<Result<_, _>>()?;
        let mut rules: Vec<SynchronizationRule> =
            root.objects("synchronizationRules")?.iter().map(read_rule).collect::<Result<_, _>>()?;
        if rules.is_empty() {
            return Err(MappingError::at("synchronizationRules", "a schema needs at least one rule"));
        }
        rules.sort_by_key(|rule| rule.priority);
        Ok(Self { raw, directories, rules })
    }

    /// A schema that comes with Heeler.
    ///
    /// # Errors
    ///
    /// None in a released build: a test loads every preset.
    pub fn preset(preset: Preset) -> Result<Self, MappingError> {
        Self::from_json(preset.json())
    }

    /// The schema as JSON text, with every member it came with, in the same order.
    pub fn to_json(&self) -> String {
        format!("{:#}\n", self.raw)
    }

    /// The schema as JSON.
    pub fn as_value(&self) -> &Value {
        &self.raw
    }

    /// What stands at a path as issues and mappings name it, such as `synchronizationRules[0].objectMappings[1]`.
    pub fn at(&self, path: &str) -> Option<&Value> {
        self.raw.pointer(&pointer_of(path))
    }

    /// The two systems.
    pub fn directories(&self) -> &[DirectoryDefinition] {
        &self.directories
    }

    /// The rules, lowest priority number first.
    pub fn rules(&self) -> &[SynchronizationRule] {
        &self.rules
    }

    /// The rule and object mapping about users or groups: the first one that is enabled, else the first one.
    pub fn mapping(&self, object_type: ObjectType) -> Option<(&SynchronizationRule, &ObjectMapping)> {
        let mut about = self
            .rules
            .iter()
            .flat_map(|rule| rule.mappings.iter().map(move |mapping| (rule, mapping)))
            .filter(|(_, mapping)| mapping.source_object.eq_ignore_ascii_case(object_type.as_str()));
        about.clone().find(|(_, mapping)| mapping.enabled).or_else(|| about.next())
    }

    /// The definition of an object type in a directory.
    pub fn object(&self, directory: &str, object: &str) -> Option<&ObjectDefinition> {
        self.directories.iter().find(|d| d.name == directory)?.objects.iter().find(|o| o.name == object)
    }

    /// The mapping of users or groups, checked and ready to run; `None` if the schema has none.
    ///
    /// # Errors
    ///
    /// Every mistake of the mapping that makes it unusable, each with its place. What only looks wrong is in
    /// [`CompiledMapping::warnings`].
    pub fn compile(&self, object_type: ObjectType) -> Result<Option<CompiledMapping>, MappingError> {
        self.mapping(object_type).map(|(rule, mapping)| compile(self, rule, mapping, object_type)).transpose()
    }
}

fn read_rule(place: &Place<'_>) -> Result<SynchronizationRule, MappingError> {
    Ok(SynchronizationRule {
        id: place.text("id")?.unwrap_or_default(),
        name: place.text("name")?.unwrap_or_default(),
        priority: place.integer("priority", 0)?,
        source_directory: place.required_text("sourceDirectoryName")?,
        target_directory: place.required_text("targetDirectoryName")?,
        mappings: place.objects("objectMappings")?.iter().map(read_mapping).collect::<Result<_, _>>()?,
    })
}

fn read_mapping(place: &Place<'_>) -> Result<ObjectMapping, MappingError> {
    let (add, update, delete) = read_flow(place)?;
    let scope = match place.member("scope") {
        Some(scope) => Some(scope.object()?.value.clone()),
        None => None,
    };
    Ok(ObjectMapping {
        path: place.path.clone(),
        name: place.text("name")?.unwrap_or_default(),
        enabled: place.boolean("enabled", true)?,
        add,
        update,
        delete,
        source_object: place.required_text("sourceObjectName")?,
        target_object: place.required_text("targetObjectName")?,
        attributes: place.objects("attributeMappings")?.iter().map(read_attribute_mapping).collect::<Result<_, _>>()?,
        scope,
    })
}

/// Flags such as `Add, Update, Delete`, in any letter case and with or without blanks (E1.13).
fn read_flow(place: &Place<'_>) -> Result<(bool, bool, bool), MappingError> {
    let Some(text) = place.text("flowTypes")? else { return Ok((true, true, true)) };
    let (mut add, mut update, mut delete) = (false, false, false);
    for flag in text.split(',').map(str::trim).filter(|flag| !flag.is_empty()) {
        match flag.to_ascii_lowercase().as_str() {
            "add" => add = true,
            "update" => update = true,
            "delete" => delete = true,
            "none" => {}
            _ => {
                let message = format!("`{flag}` is not one of Add, Update, Delete");
                return Err(MappingError::at(place.path_of("flowTypes"), message));
            }
        }
    }
    Ok((add, update, delete))
}

fn read_attribute_mapping(place: &Place<'_>) -> Result<AttributeMapping, MappingError> {
    const KINDS: [(&str, SourceKind); 3] =
        [("Attribute", SourceKind::Attribute), ("Constant", SourceKind::Constant), ("Function", SourceKind::Function)];
    let source = match place.member("source") {
        None => None,
        Some(source) => {
            let source = source.object()?;
            Some(MappingSource {
                kind: source.choice("type", &KINDS, SourceKind::Attribute)?,
                name: source.text("name")?,
                expression: source.text("expression")?,
                tree: source.value.clone(),
            })
        }
    };
    let priority = place.integer("matchingPriority", 0)?;
    let matching_priority = u32::try_from(priority).map_err(|_| {
        MappingError::at(place.path_of("matchingPriority"), format!("{priority} is not 0 or a small positive number"))
    })?;
    Ok(AttributeMapping {
        path: place.path.clone(),
        target: place.required_text("targetAttributeName")?,
        source,
        default_value: place.text("defaultValue")?,
        flow_type: place.choice("flowType", &FlowType::NAMES, FlowType::Always)?,
        flow_behavior: place.choice("flowBehavior", &FlowBehavior::NAMES, FlowBehavior::FlowWhenChanged)?,
        matching_priority,
    })
}
