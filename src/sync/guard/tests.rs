use super::*;
use crate::sync::plan::Request;
use crate::sync::project::Subject;
use crate::sync::scope::{Course, OutReason};

fn work(verb: Verb, id: &str, standing: Standing) -> Work {
    let object_type =
        if matches!(verb, Verb::AddMembers | Verb::RemoveMembers) { ObjectType::Group } else { ObjectType::User };
    let subject = Subject::new(object_type, id, id, standing, Course::Nothing, None);
    let operation = crate::sync::plan::operation(&subject, verb, String::new(), Vec::new(), "c", None);
    Work { operation, request: Request::Delete, subject, link_after: None }
}

fn left(verb: Verb, id: &str) -> Work {
    work(verb, id, Standing::Out(OutReason::NotAssigned))
}

fn certificate(collection: Collection) -> Certificate {
    Certificate { collection, cycle_id: "c".into(), pages: 1, objects: 5, full: true, vanished: None }
}

fn proven() -> Evidence {
    Evidence {
        certificates: [Collection::Users, Collection::Groups, Collection::Assignments].map(certificate).to_vec(),
        by_assignment: true,
        ..Evidence::default()
    }
}

fn without(collection: Collection) -> Evidence {
    let mut evidence = proven();
    evidence.certificates.retain(|c| c.collection != collection);
    evidence.failures.push((collection, "page 3 answered 503".into()));
    evidence
}

#[test]
fn without_proof_removals_are_held_and_the_rest_goes_on() {
    for verb in Verb::ALL {
        let mut ops = [left(verb, "a")];
        guard(&mut ops, &without(Collection::Users));
        assert_eq!(ops[0].operation.state == OperationState::Held, verb.removes(), "{verb}");
        if verb.removes() {
            assert!(ops[0].operation.held_reason.as_deref().is_some_and(|r| r.contains("page 3 answered 503")));
        }
        let mut ops = [left(verb, "a")];
        guard(&mut ops, &proven());
        assert_eq!(ops[0].operation.state, OperationState::Planned, "{verb}");
    }
}

#[test]
fn a_removal_needs_exactly_what_it_rests_on() {
    let held = |standing: Standing, missing: Collection| {
        let mut ops = [work(Verb::Disable, "a", standing)];
        guard(&mut ops, &without(missing));
        ops[0].operation.state == OperationState::Held
    };
    assert!(held(Standing::Out(OutReason::NotAssigned), Collection::Assignments));
    assert!(held(Standing::Out(OutReason::NotAssigned), Collection::Groups));
    assert!(!held(Standing::SoftDeleted, Collection::Groups), "a leaver is not kept waiting by an unrelated fault");
    assert!(held(Standing::SoftDeleted, Collection::Users));
}

#[test]
fn a_collection_that_is_suddenly_empty_is_not_believed() {
    let mut evidence = proven();
    evidence.certificates[2].vanished = Some("before there were 3".into());
    let held = |evidence: &Evidence, standing: Standing| {
        let mut ops = [work(Verb::Disable, "a", standing)];
        guard(&mut ops, evidence);
        ops[0].operation.state == OperationState::Held
    };
    let out = || Standing::Out(OutReason::NotAssigned);
    assert!(held(&evidence, out()));
    assert!(!held(&evidence, Standing::SoftDeleted), "it does not rest on assignments");
    evidence.rulings = HashMap::from([((ObjectType::User, "a".to_owned(), Verb::Disable), Ruling::Released)]);
    assert!(!held(&evidence, out()), "a person confirmed it");
}

#[test]
fn the_threshold_trips_above_not_at_and_holds_only_removals() {
    let evidence = |n| Evidence { deletion_threshold: Some(n), ..proven() };
    let ops = || [left(Verb::Disable, "a"), left(Verb::Delete, "b"), left(Verb::Disable, "c"), left(Verb::Create, "d")];
    let mut at = ops();
    assert_eq!(guard(&mut at, &evidence(3)), Verdict { held: 0, too_many: None });
    let mut above = ops();
    assert_eq!(guard(&mut above, &evidence(2)), Verdict { held: 3, too_many: Some((3, 2)) });
    assert_eq!(above[3].operation.state, OperationState::Planned, "creates proceed (E11.11)");
}

#[test]
fn released_passes_the_threshold_but_not_a_missing_proof_and_rejected_never_passes() {
    let key = |id: &str| (ObjectType::User, id.to_owned(), Verb::Disable);
    let rulings = HashMap::from([(key("a"), Ruling::Released), (key("b"), Ruling::Rejected)]);
    let mut evidence = Evidence { deletion_threshold: Some(0), rulings: rulings.clone(), ..proven() };
    let mut ops = [left(Verb::Disable, "a"), left(Verb::Disable, "b")];
    guard(&mut ops, &evidence);
    assert_eq!(ops[0].operation.state, OperationState::Planned);
    assert_eq!(ops[1].operation.state, OperationState::Rejected);
    evidence = Evidence { rulings, ..without(Collection::Users) };
    let mut ops = [left(Verb::Disable, "a"), left(Verb::Disable, "b")];
    guard(&mut ops, &evidence);
    assert_eq!(ops[0].operation.state, OperationState::Held);
    assert_eq!(ops[1].operation.state, OperationState::Rejected);
}
