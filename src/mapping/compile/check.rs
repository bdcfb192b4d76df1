//! What is wrong with a mapping, and what looks wrong.

use super::{Rule, RuleSource};
use crate::mapping::attribute::{AttributeDefinition, Mutability, ObjectDefinition};
use crate::mapping::error::{Issue, MappingError, Severity};
use crate::mapping::extension::{ExtensionName, extension_name};
use crate::mapping::filter::ScopingFilter;
use crate::mapping::near::{Near, nearest, nearest_target};
use crate::mapping::reader::Place;
use crate::mapping::schema::{AttributeMapping, FlowType, ObjectMapping, SynchronizationRule};
use crate::scim::path::AttrPath;

pub(super) fn names(
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
        let anchors: Vec<&str> =
            definition.iter().flat_map(|d| d.attributes.iter().filter(|a| a.anchor).map(|a| a.name.as_str())).collect();
        if definition.is_some() && anchors.is_empty() {
            let message = format!("{object} of {directory} has no anchor: an object has one key (E1.11)");
            issues.push(Issue::warning(format!("{}.{member}", mapping.path), message));
        }
        if anchors.len() > 1 {
            let message = format!(
                "{object} of {directory} has the anchors {}: an object has one key only (E1.11)",
                anchors.join(" and ")
            );
            issues.push(Issue::error(format!("{}.{member}", mapping.path), message));
        }
    }
}

pub(super) fn target(
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
    } else if let Err(error) = AttrPath::parse(target) {
        let message = format!("`{target}` is not the name of an attribute of SCIM: {error}");
        issues.push(Issue::error(format!("{}.targetAttributeName", mapping.path), message));
    } else if let (Some(object), None) = (object, definition) {
        let near = nearest_target(target, object.attributes.iter().map(|a| a.name.as_str()));
        let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        let message = format!("the app's schema has no attribute {target}: its type is guessed{hint}");
        issues.push(Issue::warning(&mapping.path, message));
    }
}

/// What is known to be wrong with an expression before anybody's data is seen. It runs as far as it can, as it does in
/// Entra: a broken pattern fails only for whom it is used.
pub(super) fn expression(mapping: &AttributeMapping, source: &RuleSource, issues: &mut Vec<Issue>) {
    let RuleSource::Expression(expression) = source else { return };
    let path = format!("{}.source.expression", mapping.path);
    for problem in expression.problems() {
        let issue = Issue::in_expression(&path, expression.text(), problem);
        issues.push(Issue { severity: Severity::Warning, ..issue });
    }
    if source.is_random() && mapping.flow_type != FlowType::ObjectAddOnly {
        let message = format!(
            "{} gets another random value in every cycle, and everybody an update; let it apply on create only",
            mapping.target
        );
        issues.push(Issue::warning(&mapping.path, message));
    }
}

/// What a source reads, and where its functions may stand.
pub(super) fn source(
    mapping: &AttributeMapping,
    source: &RuleSource,
    object: Option<&ObjectDefinition>,
    issues: &mut Vec<Issue>,
) {
    if let Some(object) = object {
        let unknown = source.attributes().into_iter().filter(|name| object.attribute(name).is_none());
        issues.extend(unknown.map(|name| Issue::warning(&mapping.path, unknown_attribute(name, object))));
    }
    let RuleSource::Expression(expression) = source else { return };
    if expression.calls("SelectUniqueValue") {
        if mapping.flow_type != FlowType::ObjectAddOnly {
            let message = "SelectUniqueValue picks a value for a new account: it needs the flowType ObjectAddOnly";
            issues.push(Issue::error(format!("{}.flowType", mapping.path), message));
        }
        if mapping.matching_priority > 0 {
            let message = format!(
                "{} is a matching attribute and cannot come from SelectUniqueValue: set its matchingPriority to 0",
                mapping.target
            );
            issues.push(Issue::error(format!("{}.matchingPriority", mapping.path), message));
        }
    }
}

/// What to say about an attribute that the directory's schema does not have. It stays a warning: attributes are added
/// to a schema by hand, so that it may not list all that there are.
pub(in crate::mapping) fn unknown_attribute(name: &str, object: &ObjectDefinition) -> String {
    let missing = format!("the directory's schema has no attribute {name}");
    let hint = match (nearest(name, object.attributes.iter().map(|a| a.name.as_str())), extension_name(name)) {
        (Some(Near::Case(near)), _) => format!("; names are case-sensitive: write {near}"),
        (_, ExtensionName::Wrong(what)) => format!("; {what}"),
        (Some(Near::Letters(near)), _) => format!("; did you mean {near}?"),
        _ => "; unless it has one of that name after all, there is never a value".to_owned(),
    };
    missing + &hint
}

pub(super) fn targets(mapping: &ObjectMapping, target: Option<&ObjectDefinition>, issues: &mut Vec<Issue>) {
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

pub(super) fn matching(mapping: &ObjectMapping, rules: &[Rule], issues: &mut Vec<Issue>) -> Vec<usize> {
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

pub(super) fn filter(
    mapping: &ObjectMapping,
    source: Option<&ObjectDefinition>,
    issues: &mut Vec<Issue>,
) -> Result<Option<ScopingFilter>, MappingError> {
    let Some(scope) = &mapping.scope else { return Ok(None) };
    let place = Place { value: scope, path: format!("{}.scope", mapping.path) };
    let filter = ScopingFilter::read(&place)?;
    issues.extend(filter.issues().iter().cloned());
    issues.extend(filter.doubts(&place.path, source));
    Ok(Some(filter))
}
