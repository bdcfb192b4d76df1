//! Values that are made up: random ones, and ones that nobody has yet.

use super::Call;
use crate::expression::error::Code;
use crate::expression::eval::Stop;
use crate::expression::value::Value;

const DIGITS: &str = "0123456789";
const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SMALL: &str = "abcdefghijklmnopqrstuvwxyz";
const SPECIALS: &str = "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/";
/// Longest random text.
const LONGEST: i64 = 256;

/// A random GUID (version 4), in small letters with hyphens.
pub(super) fn guid(call: &Call<'_>, _: &[Value]) -> Result<Value, Stop> {
    let bytes = call.evaluator.context.random.bytes().ok_or_else(|| no_chance(call))?;
    Ok(Value::Text(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()))
}

fn no_chance(call: &Call<'_>) -> Stop {
    call.fail(usize::MAX, Code::ArgValue, "the system gives no random bytes")
}

/// Draws the minimum of every class, fills up with digits and letters (and with specials where some are asked for),
/// and shuffles.
pub(super) fn random_string(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let random = &call.evaluator.context.random;
    let length = call.integer(values, 0)?;
    let avoid = call.text(values, 5)?.unwrap_or_default();
    let classes = [(1, DIGITS), (2, SPECIALS), (3, CAPITALS), (4, SMALL)];
    let mut drawn: Vec<char> = Vec::new();
    let mut fill: Vec<char> = Vec::new();
    let mut needed = 0_i64;
    for (argument, class) in classes {
        let least = call.integer(values, argument)?;
        if least < 0 {
            return Err(call.fail(argument, Code::ArgValue, "a minimum cannot be negative"));
        }
        needed = needed.saturating_add(least);
        if needed > length.min(LONGEST) {
            break;
        }
        let allowed: Vec<char> = class.chars().filter(|c| !avoid.contains(*c)).collect();
        if least > 0 && allowed.is_empty() {
            let message = "every character of a class that is needed is to be avoided";
            return Err(call.fail(5, Code::ArgValue, message));
        }
        for _ in 0..least {
            drawn.push(random.choose(&allowed).ok_or_else(|| no_chance(call))?);
        }
        if class != SPECIALS || least > 0 {
            fill.extend(allowed);
        }
    }
    if !(1..=LONGEST).contains(&length) {
        return Err(call.fail(0, Code::ArgValue, format!("the length is {length}; it is 1 to {LONGEST}")));
    }
    if needed > length {
        let message = format!("the length is {length}, and the minimums add up to more");
        return Err(call.fail(0, Code::ArgValue, message));
    }
    let length = usize::try_from(length).unwrap_or(0);
    if fill.is_empty() && drawn.len() < length {
        return Err(call.fail(5, Code::ArgValue, "no digit and no letter is left to fill up with"));
    }
    while drawn.len() < length {
        drawn.push(random.choose(&fill).ok_or_else(|| no_chance(call))?);
    }
    for last in (1..drawn.len()).rev() {
        drawn.swap(last, random.below(last + 1).ok_or_else(|| no_chance(call))?);
    }
    Ok(Value::Text(drawn.into_iter().collect()))
}

/// The first candidate that nobody has; letter case does not tell two values apart. Candidates without a value are
/// passed over, and later ones are not evaluated.
pub(super) fn select_unique_value(call: &Call<'_>) -> Result<Value, Stop> {
    let mut tried = Vec::new();
    for index in 0..call.arguments.len() {
        let value = call.value(index)?;
        let Some(candidate) = call.text(std::slice::from_ref(&value), 0)?.filter(|c| !c.is_empty()) else { continue };
        if !call.evaluator.context.is_taken(&candidate) {
            return Ok(Value::Text(candidate));
        }
        tried.push(candidate);
    }
    let message = match tried.as_slice() {
        [] => "no rule gives a value".to_owned(),
        tried => format!("every candidate is taken: {}", tried.join(", ")),
    };
    Err(call.fail(usize::MAX, Code::NotUnique, message))
}
