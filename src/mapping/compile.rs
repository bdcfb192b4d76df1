//! From schema to rules that run: expressions parsed, types looked up, mistakes named.

use super::attribute::{AttributeDefinition, AttributeType, Mutability, ObjectDefinition};
use super::error::{Issue, MappingError, Severity};
use super::filter::ScopingFilter;
use super::fingerprint;
use super::reader::Place;
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
    check_names(rule, mapping, source, target, &mut issues);
    let mut rules = Vec::with_capacity(mapping.attributes.len());
    for attribute in &mapping.attributes {
        if let Some(rule) = compile_rule(attribute, source, target, &mut issues) {
            rules.push(rule);
        }
    }
    check_targets(mapping, target, &mut issues);
    let matching = matching(mapping, &rules, &mut issues);
    let filter = compile_filter(mapping, &mut issues)?;
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
    check_target(mapping, target, definition, issues);
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
    for name in rule_source.attributes() {
        if source.is_some_and(|object| object.attribute(name).is_none()) {
            let message = format!(
                "the directory's schema has no attribute {name}; unless it has one of that name after \
                 all, there is never a value"
            );
            issues.push(Issue::warning(&mapping.path, message));
        }
    }
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

fn check_names(
    rule: &SynchronizationRule,
    mapping: &ObjectMapping,
    source: Option<&ObjectDefinition>,
    target: Option<&ObjectDefinition>,
    issues: &mut Vec<Issue>,
) {
    let sides = [
        (source, &rule.source_directory, &mapping.source_object, "sourceObjectName"),
        (target, &rule.target_directory, &mapping.target_object, "targetObjectName"),
    ];
    for (definition, directory, object, member) in sides {
        if definition.is_none() {
            let message = format!("no directory {directory} with an object {object} is defined: types are guessed");
            issues.push(Issue::warning(format!("{}.{member}", mapping.path), message));
        }
    }
}

fn check_target(
    mapping: &AttributeMapping,
    object: Option<&ObjectDefinition>,
    definition: Option<&AttributeDefinition>,
    issues: &mut Vec<Issue>,
) {
    let target = &mapping.target;
    if target.eq_ignore_ascii_case("id") || definition.is_some_and(|d| d.anchor) {
        let message = format!("{target} is the app's own key and cannot be a target; remove this mapping");
        issues.push(Issue::error(&mapping.path, message));
    } else if definition.is_some_and(|d| d.mutability == Mutability::ReadOnly) {
        let message = format!("the app declares {target} as read-only; remove this mapping");
        issues.push(Issue::error(&mapping.path, message));
    } else if object.is_some() && definition.is_none() {
        let message = format!("the app's schema has no attribute {target}: its type is guessed");
        issues.push(Issue::warning(&mapping.path, message));
    }
}

fn check_targets(mapping: &ObjectMapping, target: Option<&ObjectDefinition>, issues: &mut Vec<Issue>) {
    for (index, attribute) in mapping.attributes.iter().enumerate() {
        let earlier = mapping.attributes.iter().take(index);
        if earlier.into_iter().any(|other| other.target.eq_ignore_ascii_case(&attribute.target)) {
            let message = format!("{} is mapped a second time; keep one of the two", attribute.target);
            issues.push(Issue::error(&attribute.path, message));
        }
    }
    let Some(target) = target else { return };
    for attribute in target.attributes.iter().filter(|a| a.required && !a.anchor && a.default_value.is_none()) {
        if !mapping.attributes.iter().any(|m| m.target == attribute.name) {
            let message = format!("the app requires {}, and nothing is mapped to it: creates may fail", attribute.name);
            issues.push(Issue::warning(&mapping.path, message));
        }
    }
}

fn matching(mapping: &ObjectMapping, rules: &[Rule], issues: &mut Vec<Issue>) -> Vec<usize> {
    let mut matching: Vec<usize> =
        rules.iter().enumerate().filter(|(_, rule)| rule.matching_priority > 0).map(|(index, _)| index).collect();
    let priority = |index: &usize| rules.get(*index).map_or(0, |rule| rule.matching_priority);
    matching.sort_by_key(priority);
    if !mapping.attributes.iter().any(|attribute| attribute.matching_priority > 0) {
        let message = "no attribute has a matchingPriority above 0: existing accounts could not be found (E6.1)";
        issues.push(Issue::error(&mapping.path, message));
    }
    for pair in matching.windows(2) {
        if let [first, second] = pair
            && priority(first) == priority(second)
        {
            let message = format!("two attributes have the matchingPriority {}", priority(first));
            issues.push(Issue::error(&mapping.path, message));
        }
    }
    for index in &matching {
        if let Some(rule) = rules.get(*index).filter(|rule| rule.reference) {
            let message = format!("{} refers to another object and cannot be a matching attribute", rule.target);
            issues.push(Issue::error(&mapping.path, message));
        }
    }
    matching
}

fn compile_filter(mapping: &ObjectMapping, issues: &mut Vec<Issue>) -> Result<Option<ScopingFilter>, MappingError> {
    let Some(scope) = &mapping.scope else { return Ok(None) };
    let filter = ScopingFilter::read(&Place { value: scope, path: format!("{}.scope", mapping.path) })?;
    issues.extend(filter.issues().iter().cloned());
    Ok(Some(filter))
}

#[cfg(test)]
mod tests;
