//! App roles, and the tenant.

use super::Call;
use crate::expression::error::Code;
use crate::expression::eval::Stop;
use crate::expression::value::Value;

fn roles(value: Option<&Value>) -> &[Value] {
    match value {
        None | Some(Value::Null) => &[],
        Some(Value::List(values)) => values,
        Some(one) => std::slice::from_ref(one),
    }
}

/// The name of a role: its display name, else its value.
fn name(role: &Value) -> Option<Value> {
    match role {
        Value::Role(role) if role.display_name.is_empty() => role.value.clone().map(Value::Text),
        Value::Role(role) => Some(Value::text(&role.display_name)),
        other => other.to_text().map(Value::Text),
    }
}

pub(super) fn single(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    match roles(values.first()) {
        [] => Ok(Value::Null),
        [role] => Ok(name(role).unwrap_or(Value::Null)),
        several => {
            let message = format!("the person has {} roles, not one; give one role, or map them all", several.len());
            Err(call.fail(0, Code::TooManyRoles, message))
        }
    }
}

pub(super) fn names(_: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    Ok(Value::list(roles(values.first()).iter().filter_map(name).collect()))
}

/// One JSON text per role. A plain text stands for a role of that name.
pub(super) fn complex(_: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let texts = roles(values.first()).iter().filter_map(Value::to_text).map(Value::Text).collect();
    Ok(Value::list(texts))
}

pub(super) fn default_domain(call: &Call<'_>, _: &[Value]) -> Result<Value, Stop> {
    Ok(call.evaluator.context.default_domain.clone().map_or(Value::Null, Value::Text))
}
