use super::*;
use crate::config::Profile;
use crate::console::page::PageId;
use crate::console::page::choose;
use crate::console::view::{directory, overview};
use crate::engine;
use crate::model::ObjectType;
use crate::store::search::DirectoryQuery;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const CONFIG: &str = r#"
[jobs.main]
[jobs.main.app]
preset = "scim"
tenant_url = "https://flock.example/v2/scim"
secret_token = { env = "T" }
[jobs.main.directory]
tenant_id = "contoso.example"
client_id = "00000000-0000-0000-0000-000000000001"
client_secret = { env = "S" }
service_principal_id = "00000000-0000-0000-0000-000000000002"
"#;

/// A reader on an empty store. Each question tells when it begins, and waits until it is let go.
struct World {
    reader: Reader,
    events: UnboundedReceiver<Event>,
    begun: Receiver<Query>,
    go: Sender<()>,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let config = Profile::parse(CONFIG, Path::new("config.toml")).unwrap().jobs.remove(0);
        let (rules, _) = engine::rules_of(&config).unwrap();
        let facts = Facts { scope: engine::scope_rules(&config), rules, database: "a.db".into(), config };
        let (sender, events) = unbounded_channel();
        let (begins, begun) = channel();
        let (go, gate) = channel::<()>();
        let (begins, gate) = (Mutex::new(begins), Mutex::new(gate));
        let answering = move |query: &Query, sources: &Sources<'_>| {
            begins.lock().unwrap().send(query.clone()).unwrap();
            if !query.is_long() {
                gate.lock().unwrap().recv().unwrap();
            }
            if matches!(query, Query::Choose(query) if query.text == "panic") {
                panic!("a bug");
            }
            query.run(sources)
        };
        let answering: Arc<Answering> = Arc::new(answering);
        let reader = Reader::answering(&store, Arc::new(facts), sender, &answering).unwrap();
        Self { reader, events, begun, go, _folder: folder }
    }

    /// The next answer: its slot, and whether it is an error.
    fn answer(&mut self) -> (Slot, bool) {
        loop {
            match self.events.blocking_recv().unwrap() {
                Event::Answer(slot, answer) => return (slot, answer.is_err()),
                Event::Changed => {}
                _ => panic!("no answer"),
            }
        }
    }
}

fn people(text: &str) -> Query {
    Query::Choose(choose::Query { object_type: ObjectType::User, text: text.into(), after: None })
}

#[test]
fn what_is_not_asked_any_more_is_not_answered() {
    let mut world = World::new();
    world.reader.ask(people("a"));
    assert_eq!(world.begun.recv().unwrap(), people("a"));
    // It is being read, and would be answered in a moment.
    world.reader.ask(people("ab"));
    world.reader.ask(people("abc"));
    world.go.send(()).unwrap();
    assert_eq!(world.begun.recv().unwrap(), people("abc"));
    world.go.send(()).unwrap();
    assert_eq!(world.answer(), (Slot(PageId::Choose, 0), false));
    world.reader.ask(Query::Standing);
    world.go.send(()).unwrap();
    assert_eq!(world.answer().0, Slot(PageId::Frame, 0), "and nothing in between");
}

#[test]
fn the_same_question_does_not_cut_itself_short() {
    let mut world = World::new();
    world.reader.ask(Query::Standing);
    world.begun.recv().unwrap();
    // The store changes faster than it can be read.
    for _ in 0..3 {
        world.reader.ask(Query::Standing);
    }
    world.go.send(()).unwrap();
    assert_eq!(world.answer(), (Slot(PageId::Frame, 0), false));
    // What changed meanwhile is read once more.
    world.begun.recv().unwrap();
    world.go.send(()).unwrap();
    assert_eq!(world.answer(), (Slot(PageId::Frame, 0), false));
    assert!(world.begun.try_recv().is_err());
}

#[test]
fn a_panic_is_an_answer_too_and_the_next_question_is_read() {
    let mut world = World::new();
    world.reader.ask(people("panic"));
    world.go.send(()).unwrap();
    assert_eq!(world.answer(), (Slot(PageId::Choose, 0), true));
    assert!(matches!(world.events.blocking_recv(), Some(Event::Worker(_))));
    world.reader.ask(people("next"));
    world.go.send(()).unwrap();
    assert_eq!(world.answer(), (Slot(PageId::Choose, 0), false));
}

#[test]
fn a_long_question_is_read_beside_the_quick_ones() {
    let mut world = World::new();
    world.reader.ask(Query::Standing);
    world.begun.recv().unwrap();
    let export = directory::Query::Export(ObjectType::User, DirectoryQuery::default(), None);
    for long in [Query::Overview(overview::Query::Scope), Query::Directory(PageId::Directory, export)] {
        world.reader.ask(long.clone());
        assert_eq!(world.answer(), (long.slot(), false), "while the other one waits");
    }
    world.go.send(()).unwrap();
    assert_eq!(world.answer(), (Slot(PageId::Frame, 0), false));
}
