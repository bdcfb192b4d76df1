//! From schema to rules that run: expressions parsed, types looked up, mistakes named.

mod check;

pub(super) use check::unknown_attribute;

use super::attribute::{AttributeType, ObjectDefinition};
use super::error::{Issue, MappingError, Severity};
use super::filter::ScopingFilter;
use super::fingerprint;
use super::schema::{
    AttributeMapping, FlowBehavior, FlowType, MappingSource, ObjectMapping, Schema, SourceKind, SynchronizationRule,
};
use crate::expression::{Expression, Profile};
use crate::model::ObjectType;

/// Which changes a mapping makes in the app (E1.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Objects are created.
    pub add: bool,
    /// Objects are updated, and so disabled and enabled (E7.15).
    pub update: bool,
    /// Objects are deleted.
    pub delete: bool,
}

impl Flow {
    /// The flags as Graph writes them: `Add, Update, Delete`, or `None`.
    pub fn words(self) -> String {
        let flags = [("Add", self.add), ("Update", self.update), ("Delete", self.delete)];
        let on: Vec<&str> = flags.into_iter().filter_map(|(flag, on)| on.then_some(flag)).collect();
        if on.is_empty() { "None".to_owned() } else { on.join(", ") }
    }
}

/// Where the value of a rule comes from (E15.1).
#[derive(Clone, Debug, PartialEq)]
pub enum RuleSource {
    /// An attribute as it is.
    Direct(String),
    /// A fixed text.
    Constant(String),
    /// An expression.
    Expression(Expression),
    /// Nothing: the app's value is left alone; the default is used on create.
    None,
}

impl RuleSource {
    /// The source as the mapping says it; empty for none.
    pub fn words(&self) -> String {
        match self {
            Self::Direct(name) => name.clone(),
            Self::Constant(text) => format!("\"{text}\""),
            Self::Expression(expression) => expression.text().to_owned(),
            Self::None => String::new(),
        }
    }

    /// Whether a function is called anywhere in it.
    pub fn calls(&self, function: &str) -> bool {
        matches!(self, Self::Expression(expression) if expression.calls(function))
    }

    /// Whether the value has to be one that nobody in the app has (`SelectUniqueValue`).
    pub fn is_unique(&self) -> bool {
        matches!(self, Self::Expression(expression) if expression.function() == Some("SelectUniqueValue"))
    }

    /// Whether the value is made up anew at every evaluation.
    pub fn is_random(&self) -> bool {
        self.calls("Guid") || self.calls("RandomString")
    }

    /// Names of the source attributes.
    pub fn attributes(&self) -> Vec<&str> {
        match self {
            Self::Direct(name) => vec![name],
            Self::Expression(expression) => expression.attributes(),
            Self::Constant(_) | Self::None => Vec::new(),
        }
    }
}

/// One attribute mapping, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Attribute of the app: a SCIM path such as `emails[type eq "work"].value`.
    pub target: String,
    /// Where the value comes from.
    pub source: RuleSource,
    /// Sent on create when there is no value (E7.4): the mapping's default, else, for a required attribute, the
    /// attribute's own.
    pub default: Option<String>,
    /// When the rule applies.
    pub flow_type: FlowType,
    /// Whether an unchanged value is sent again.
    pub flow_behavior: FlowBehavior,
    /// 0 for none, else the order among matching attributes.
    pub matching_priority: u32,
    /// Declared type of the app's attribute.
    pub target_type: AttributeType,
    /// Whether the app's attribute holds several values.
    pub multivalued: bool,
    /// Whether a change of letter case is a change (E7.12).
    pub case_exact: bool,
    /// Whether a create needs a value (E7.5).
    pub required: bool,
    /// Whether the value is the id of another object (`manager`, `members`): it is not in the projection.
    pub reference: bool,
    /// Whether the source looks at `IsSoftDeleted` (E7.20).
    pub depends_on_soft_deleted: bool,
}

/// The mapping of users or groups, ready to run.
#[derive(Clone, Debug)]
pub struct CompiledMapping {
    /// Users or groups.
    pub object_type: ObjectType,
    /// Name shown to people.
    pub name: String,
    /// Whether it runs. The group mapping of the presets is off until a job asks for groups.
    pub enabled: bool,
    /// Which changes it makes.
    pub flow: Flow,
    /// Rules in the order of the schema.
    pub rules: Vec<Rule>,
    /// Indexes of the matching rules, in the order in which they are tried (E6.2).
    pub matching: Vec<usize>,
    /// Who belongs; `None` is everybody.
    pub filter: Option<ScopingFilter>,
    /// What looks wrong and does not stop the mapping.
    pub warnings: Vec<Issue>,
    pub(super) source_attributes: Vec<String>,
    fingerprint: String,
}

impl CompiledMapping {
    /// Changes with whatever changes the outcome for some object: a new one starts an initial cycle (E5.20).
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Engine names of the attributes that rules and filter read, each once.
    pub fn source_attributes(&self) -> &[String] {
        &self.source_attributes
    }

    /// The rule that fills an attribute of the app.
    pub fn rule(&self, target: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.target.eq_ignore_ascii_case(target))
    }

    /// The rules whose value is the id of another object.
    pub fn references(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| rule.reference)
    }
}

pub(super) fn compile(
    schema: &Schema,
    rule: &SynchronizationRule,
    mapping: &ObjectMapping,
    object_type: ObjectType,
) -> Result<CompiledMapping, MappingError> {
    let source = schema.object(&rule.source_directory, &mapping.source_object);
    let target = schema.object(&rule.target_directory, &mapping.target_object);
    let mut issues = Vec::new();
    check::names(rule, mapping, source, target, &mut issues);
    let mut rules = Vec::with_capacity(mapping.attributes.len());
    for attribute in &mapping.attributes {
        if let Some(rule) = compile_rule(attribute, source, target, &mut issues) {
            rules.push(rule);
        }
    }
    check::targets(mapping, target, &mut issues);
    let matching = check::matching(mapping, &rules, &mut issues);
    let filter = check::filter(mapping, source, &mut issues)?;
    if issues.iter().any(|issue| issue.severity == Severity::Error) {
        issues.retain(|issue| issue.severity == Severity::Error);
        return Err(MappingError::Refused(issues));
    }
    let mut source_attributes: Vec<String> = Vec::new();
    let read = rules.iter().flat_map(|rule| rule.source.attributes());
    for name in read.chain(filter.iter().flat_map(ScopingFilter::attributes)) {
        if !source_attributes.iter().any(|known| known == name) {
            source_attributes.push(name.to_owned());
        }
    }
    Ok(CompiledMapping {
        object_type,
        name: mapping.name.clone(),
        enabled: mapping.enabled,
        flow: Flow { add: mapping.add, update: mapping.update, delete: mapping.delete },
        rules,
        matching,
        filter: filter.filter(|filter| !filter.is_empty()),
        warnings: issues,
        source_attributes,
        fingerprint: fingerprint::of_mapping(mapping, source, target),
    })
}

fn compile_rule(
    mapping: &AttributeMapping,
    source: Option<&ObjectDefinition>,
    target: Option<&ObjectDefinition>,
    issues: &mut Vec<Issue>,
) -> Option<Rule> {
    let definition = target.and_then(|object| object.attribute(&mapping.target));
    check::target(mapping, target, definition, issues);
    let rule_source = match &mapping.source {
        None => RuleSource::None,
        Some(source) => match compile_source(mapping, source) {
            Ok(source) => source,
            Err(issue) => {
                issues.push(*issue);
                return None;
            }
        },
    };
    check::source(mapping, &rule_source, source, issues);
    check::expression(mapping, &rule_source, issues);
    let source_type = match &rule_source {
        RuleSource::Direct(name) => source.and_then(|object| object.attribute(name)).map(|a| a.kind),
        _ => None,
    };
    let target_type = definition.map_or_else(|| AttributeType::usual(&mapping.target), |d| d.kind);
    let required = definition.is_some_and(|d| d.required && !d.anchor);
    let own_default = definition.filter(|_| required).and_then(|d| d.default_value.clone());
    Some(Rule {
        target: mapping.target.clone(),
        default: mapping.default_value.clone().or(own_default),
        flow_type: mapping.flow_type,
        flow_behavior: mapping.flow_behavior,
        matching_priority: mapping.matching_priority,
        target_type,
        multivalued: definition.is_some_and(|d| d.multivalued),
        case_exact: definition.is_some_and(|d| d.case_exact),
        required,
        reference: target_type == AttributeType::Reference || source_type == Some(AttributeType::Reference),
        depends_on_soft_deleted: rule_source.attributes().contains(&"IsSoftDeleted"),
        source: rule_source,
    })
}

/// The text of an expression counts; name and tree are only used where it is missing.
fn compile_source(mapping: &AttributeMapping, source: &MappingSource) -> Result<RuleSource, Box<Issue>> {
    let path = format!("{}.source", mapping.path);
    let text = source.expression.as_deref().filter(|text| !text.trim().is_empty());
    let named = source.name.as_deref().is_some_and(|name| source.kind == SourceKind::Constant || !name.is_empty());
    if text.is_none() && !named {
        return Err(Box::new(Issue::error(&path, "the source has neither an expression nor a name")));
    }
    let compiled = Expression::from_graph(&source.tree, Profile::App);
    compiled.map(simplify).map_err(|error| {
        Box::new(match text {
            Some(text) => Issue::in_expression(format!("{path}.expression"), text, error),
            None => Issue::error(&path, error.message),
        })
    })
}

fn simplify(expression: Expression) -> RuleSource {
    if let Some(name) = expression.as_attribute() {
        RuleSource::Direct(name.to_owned())
    } else if let Some(text) = expression.as_text() {
        RuleSource::Constant(text.to_owned())
    } else {
        RuleSource::Expression(expression)
    }
}

#[cfg(test)]
mod tests;
