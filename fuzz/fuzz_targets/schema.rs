//! No JSON makes reading, compiling or writing a schema panic; what is read is written as it was.

#![no_main]

use heeler::mapping::Schema;
use heeler::model::ObjectType;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(schema) = Schema::from_json(text) else { return };
    let again = Schema::from_json(&schema.to_json()).expect("what was written is read");
    assert_eq!(again.as_value(), schema.as_value());
    for object_type in [ObjectType::User, ObjectType::Group] {
        let _ = schema.compile(object_type);
    }
});
