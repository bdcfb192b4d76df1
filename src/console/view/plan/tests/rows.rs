//! Rows of long lists, and whatever size and keys may come.

use super::*;

fn many(n: u32) -> Arc<Model> {
    let one = |i: u32| {
        let verb = [Verb::Create, Verb::Update, Verb::Update, Verb::Disable][i as usize % 4];
        operation(verb, &format!("id{i}"), &format!("Person {i:06}"), vec![change("title", json!("a"), json!("b"))])
    };
    Arc::new(Model::new(Arc::new(report((0..n).map(one).collect())), Context::default()))
}

#[test]
fn rows_are_found_by_arithmetic() {
    let model = many(10_000);
    let tree = Tree::new(&model, None, &[Class::Update], 20, false);
    assert_eq!(tree.objects(), 10_000);
    for index in 0..tree.len() {
        match tree.at(index).unwrap() {
            Row::Entry(entry) => {
                let class = model.entries[entry].class;
                assert_eq!(tree.row_of(entry, class), Some(index));
            }
            Row::Heading(_) | Row::More(..) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(tree.at(tree.len()), None);
    let folded = tree.members(Class::Create).last().copied().unwrap();
    assert_eq!(tree.row_of(folded, Class::Create), None, "it is folded up");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// The tree has every object once, whatever is filtered, expanded or small.
    #[test]
    fn the_tree_loses_nobody(n in 0_u32..300, keep in 1_u32..7, height in 1_usize..60, roomy: bool, filter: bool) {
        let model = many(n);
        let filtered = filter.then(|| Arc::new((0..n).filter(|i| i % keep == 0).collect::<Vec<u32>>()));
        let wanted = filtered.as_ref().map_or(n as usize, |kept| kept.len());
        let tree = Tree::new(&model, filtered.clone(), &Class::ALL, height, roomy);
        let rows: Vec<Row> = (0..tree.len()).map(|i| tree.at(i).unwrap()).collect();
        let entries: Vec<usize> = rows.iter().filter_map(|r| match r { Row::Entry(i) => Some(*i), _ => None }).collect();
        prop_assert_eq!(entries.len(), wanted);
        prop_assert!(entries.windows(2).all(|w| w[0] < w[1]));
        let folded = Tree::new(&model, filtered, &[], height, roomy);
        let counted: usize = (0..folded.len()).map(|i| match folded.at(i) {
            Some(Row::Entry(_)) => 1,
            Some(Row::More(_, n)) => n,
            _ => 0,
        }).sum();
        prop_assert_eq!(counted, wanted);
    }

    /// No size and no key makes it panic, and the selected row stays in sight.
    #[test]
    fn any_size_and_any_keys(width in 1_u16..200, height in 1_u16..60, keys in "[jknNGzsrV/]{0,24}") {
        let mut console = shown(width.max(1), height.max(1), "mono");
        console.state.shared.write = WriteMode::Open;
        for key in keys.chars() {
            console.keys(&key.to_string());
            if key == '/' {
                console.keys("\"x\" enter");
            }
        }
        let _ = console.screen();
        let (_, cursor) = console.buffer();
        if width >= 60 && height >= 16 && console.screen().contains("Changes") {
            prop_assert!(cursor.at.is_some(), "{}", console.screen());
        }
    }
}
