//! What is wrong with a clause, and what looks wrong about its attribute.

use super::{Clause, whole_number};
use crate::mapping::attribute::{AttributeDefinition, AttributeType, ObjectDefinition};
use crate::mapping::compile::unknown_attribute;
use crate::mapping::error::Issue;
use crate::mapping::operator::Operator;
use crate::mapping::reader::Place;

/// Attribute that no clause may look at; at run time such a clause is false.
pub(super) const MEMBERS: &str = "members";

/// Attributes that Entra does not filter on (E3.28).
const NOT_FILTERABLE: [&str; 3] = ["appRoleAssignments", "manager", "userType"];

impl Clause {
    /// What the clause alone says. Errors keep it from being saved.
    pub(super) fn check(&self, place: &Place<'_>, issues: &mut Vec<Issue>) {
        let Some(operator) = self.operator else {
            issues.push(Issue::error(&place.path, self.unknown_operator()));
            return;
        };
        if self.attribute == MEMBERS {
            let message = "there is no filtering on the members of a group: assign groups to the app instead";
            issues.push(Issue::error(&place.path, message));
        }
        if operator.is_unary() {
            if !self.values.is_empty() {
                let message = format!("{} takes no value; the one given is not used", operator.as_str());
                issues.push(Issue::warning(&place.path, message));
            }
        } else if self.values.is_empty() {
            let message = format!("{} needs a value; without one the clause is always false", operator.as_str());
            issues.push(Issue::error(&place.path, message));
        }
        if operator.is_numeric() {
            for value in self.values.iter().filter(|value| whole_number(value).is_none()) {
                let message = format!("{} compares whole numbers, and `{value}` is none", operator.as_str());
                issues.push(Issue::error(&place.path, message));
            }
        }
        if NOT_FILTERABLE.contains(&self.attribute.as_str()) {
            let message = format!("Entra does not filter on {}; there this clause would be refused", self.attribute);
            issues.push(Issue::warning(&place.path, message));
        }
    }

    fn unknown_operator(&self) -> String {
        let name = &self.operator_name;
        let letters: String = name.chars().filter(char::is_ascii_alphabetic).collect();
        if letters.to_ascii_lowercase().starts_with("ismember") {
            return format!("{name} is not supported, in Entra neither: assign the group to the app instead");
        }
        let names: Vec<&str> = Operator::ALL.iter().map(|o| o.as_str()).collect();
        format!("the operator {name} is not supported; there are {}", names.join(", "))
    }

    /// What the declared attribute makes of the clause.
    pub(super) fn doubt(&self, object: &ObjectDefinition) -> Option<String> {
        let operator = self.operator?;
        let Some(attribute) = object.attribute(&self.attribute) else {
            return (self.attribute != MEMBERS).then(|| unknown_attribute(&self.attribute, object));
        };
        if NOT_FILTERABLE.contains(&self.attribute.as_str()) {
            return None;
        }
        if attribute.multivalued {
            let message = format!(
                "{} has several values: Entra does not filter on it, and here every one of them must satisfy the clause",
                attribute.name
            );
            return Some(message);
        }
        (!types(operator).contains(&attribute.kind)).then(|| wrong_type(operator, attribute))
    }
}

/// The types of attributes that Entra offers an operator for (E3.25).
fn types(operator: Operator) -> &'static [AttributeType] {
    use AttributeType::{Binary, Boolean, Integer, String};
    match operator {
        Operator::Equals | Operator::NotEquals | Operator::RegexMatch | Operator::NotRegexMatch => &[String, Integer],
        Operator::Includes | Operator::EndsWith | Operator::OccursIn | Operator::NotOccursIn => &[String],
        Operator::GreaterThan | Operator::GreaterThanOrEquals => &[Integer],
        Operator::IsTrue | Operator::IsFalse => &[Boolean],
        Operator::IsNull | Operator::IsNotNull => &[String, Integer, Binary, Boolean],
    }
}

fn wrong_type(operator: Operator, attribute: &AttributeDefinition) -> String {
    let types: Vec<&str> = types(operator).iter().map(|kind| kind.as_str()).collect();
    let (name, kind) = (operator.as_str(), attribute.kind);
    let next = match (operator, kind) {
        (Operator::IsTrue | Operator::IsFalse, AttributeType::String) => "; it only holds for the texts True and False",
        (Operator::GreaterThan | Operator::GreaterThanOrEquals, AttributeType::String) => {
            "; it only holds where the text is a whole number"
        }
        (_, AttributeType::Boolean) => "; use IS TRUE or IS FALSE",
        (_, AttributeType::DateTime) => "; Entra does not filter on dates",
        _ => "",
    };
    format!("{name} is for {} attributes, and {} is {}{next}", types.join(" and "), attribute.name, kind.as_str())
}
