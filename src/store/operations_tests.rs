use super::*;
use crate::model::Change;
use crate::store::testing::{memory, uses_index};
use serde_json::Value;

fn operation(id: &str, verb: Verb, source: &str, state: OperationState) -> Operation {
    Operation {
        id: id.into(),
        cycle_id: "cycle".into(),
        verb,
        object_type: ObjectType::User,
        source_id: source.into(),
        target_id: None,
        name: "Ada".into(),
        reason: "left the scope".into(),
        changes: vec![Change { attribute: "active".into(), old: Value::Bool(true), new: Value::Null }],
        references: Vec::new(),
        state,
        held_reason: (state == OperationState::Held).then(|| "threshold".into()),
    }
}

#[test]
fn an_operation_from_intent_to_outcome() {
    let c = memory();
    let planned = operation("1", Verb::Create, "a", OperationState::Planned);
    insert_many(&c, &[planned.clone(), operation("2", Verb::SetManager, "a", OperationState::Planned)]).unwrap();
    assert_eq!(get(&c, "1").unwrap(), Some(planned.clone()));
    assert!(matches!(insert(&c, &planned), Err(StoreError::Sql { .. })));
    set_state(&c, "1", OperationState::Started, None).unwrap();
    assert_eq!(unfinished(&c).unwrap().len(), 1);
    finish(&c, "1", OperationState::Claimed, None, Some("t1")).unwrap();
    finish(&c, "1", OperationState::Failed, Some("409"), None).unwrap();
    assert!(unfinished(&c).unwrap().is_empty());
    let record = record(&c, "1").unwrap().unwrap();
    assert_eq!(record.detail.as_deref(), Some("409"));
    assert_eq!(record.operation.target_id.as_deref(), Some("t1"));
    assert!(record.created_at <= record.updated_at);
    let ids = |operations: Vec<Operation>| operations.into_iter().map(|o| o.id).collect::<Vec<_>>();
    assert_eq!(ids(of_cycle(&c, "cycle").unwrap()), ["1", "2"]);
    assert_eq!(ids(by_state(&c, &[OperationState::Failed, OperationState::Planned]).unwrap()), ["1", "2"]);
    assert!(by_state(&c, &[]).unwrap().is_empty());
    assert!(matches!(set_state(&c, "x", OperationState::Failed, None), Err(StoreError::NotFound { .. })));
    assert!(finish(&c, "x", OperationState::Claimed, None, Some("t")).is_err());
    // Only what has come to its end is forgotten.
    assert_eq!(prune(&c, "9999").unwrap(), 1);
    assert_eq!(ids(of_cycle(&c, "cycle").unwrap()), ["2"]);
    insert(&c, &operation("3", Verb::Create, "b", OperationState::Started)).unwrap();
    assert_eq!(forget_planned(&c).unwrap(), 1);
    assert_eq!(ids(of_cycle(&c, "cycle").unwrap()), ["3"]);
}

#[test]
fn what_is_held_again_keeps_id_and_age() {
    let c = memory();
    let held_op = |id: &str, source: &str, references: &[&str]| Operation {
        references: references.iter().map(|r| (*r).to_owned()).collect(),
        ..operation(id, Verb::RemoveMembers, source, OperationState::Held)
    };
    replace_held(&c, &[held_op("1", "a", &["x", "y"]), held_op("2", "b", &[])]).unwrap();
    let since = record(&c, "1").unwrap().unwrap().created_at;
    // The next cycle: other ids, the references in another order, `b` is settled, `c` is new.
    let next = Operation { cycle_id: "next".into(), reason: "still".into(), ..held_op("3", "a", &["y", "x"]) };
    let now_held = replace_held(&c, &[next, held_op("4", "c", &[])]).unwrap();
    assert_eq!(now_held.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(), ["1", "4"]);
    let kept = record(&c, "1").unwrap().unwrap();
    assert_eq!((kept.created_at, kept.operation.reason.as_str()), (since, "still"));
    assert_eq!(kept.operation.cycle_id, "next");
    assert_eq!(get(&c, "2").unwrap(), None);
    // Other references are another operation.
    insert(&c, &held_op("5", "a", &["z"])).unwrap();
    assert_eq!(held(&c).unwrap().len(), 3);
    // A cycle that looked at `a` alone leaves `c` alone.
    assert!(replace_held_of(&c, ObjectType::User, "a", &[]).unwrap().is_empty());
    assert_eq!(held(&c).unwrap()[0].source_id, "c");
}

#[test]
fn decisions_stand_until_cleared() {
    let c = memory();
    insert(&c, &operation("1", Verb::Disable, "a", OperationState::Held)).unwrap();
    insert(&c, &operation("2", Verb::Delete, "a", OperationState::Held)).unwrap();
    assert_eq!(decision(&c, ObjectType::User, "a", Verb::Disable).unwrap(), None);
    assert_eq!(release(&c, "1", "ada").unwrap().state, OperationState::Planned);
    assert_eq!(reject(&c, "2", "ada").unwrap().state, OperationState::Rejected);
    assert!(matches!(release(&c, "1", "bob"), Err(StoreError::NotFound { .. })), "a release is used once");
    assert!(matches!(reject(&c, "none", "bob"), Err(StoreError::NotFound { .. })));
    let released = decision(&c, ObjectType::User, "a", Verb::Disable).unwrap().unwrap();
    assert_eq!(
        (released.verdict, released.by.as_str(), released.operation_id.as_str()),
        (Verdict::Released, "ada", "1")
    );
    assert_eq!(decision(&c, ObjectType::User, "a", Verb::Delete).unwrap().unwrap().verdict, Verdict::Rejected);
    assert_eq!(decision(&c, ObjectType::Group, "a", Verb::Delete).unwrap(), None);
    assert!(clear_decision(&c, ObjectType::User, "a", Verb::Disable).unwrap());
    assert!(!clear_decision(&c, ObjectType::User, "a", Verb::Disable).unwrap());
    assert!(held(&c).unwrap().is_empty());
}

#[test]
fn lists_use_indexes() {
    let c = memory();
    uses_index(&c, "SELECT id FROM operations WHERE state IN ('held', 'started') ORDER BY seq");
    uses_index(&c, "SELECT id FROM operations WHERE cycle_id = 'x' ORDER BY seq");
    uses_index(&c, "SELECT id FROM operations WHERE state = 'held' AND object_type = 'User' AND source_id = 'x'");
}
