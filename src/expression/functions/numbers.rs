//! Numbers, and text forms.

use super::Call;
use crate::expression::error::Code;
use crate::expression::eval::Stop;
use crate::expression::value::Value;

pub(super) fn bit_and(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    Ok(Value::Number(call.integer(values, 0)? & call.integer(values, 1)?))
}

pub(super) fn to_text(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    if matches!(values.first().map(Value::single), Some(Value::Role(_))) {
        return Err(call.fail(0, Code::ArgType, "a role has no text form here; use SingleAppRoleAssignment"));
    }
    Ok(call.text(values, 0)?.map_or(Value::Null, Value::Text))
}
