//! The app must not be the slow part of a bench. Bounds are generous: they catch quadratic work, not noise.

use super::*;

#[test]
fn ten_thousand_users_are_found_by_index_and_grouped_in_chunks() {
    let flock = Flock::new();
    let started = Instant::now();
    let ids: Vec<String> = (0..10_000)
        .map(|i| flock.user(json!({"userName": format!("user{i}@x.org"), "externalId": format!("e{i}")})).id())
        .collect();
    for i in (0..10_000).step_by(10) {
        assert_eq!(flock.found(&format!("userName eq \"USER{i}@x.org\"")).len(), 1);
        assert_eq!(flock.found(&format!("externalId eq \"e{i}\"")).len(), 1);
    }
    let path = format!("/Groups/{}", flock.group(json!({"displayName": "all"})).id());
    for chunk in ids.chunks(50) {
        let members: Vec<Value> = chunk.iter().map(|id| json!({"value": id})).collect();
        assert_eq!(flock.patch(&path, json!([{"op": "add", "path": "members", "value": members}])).status, 204);
    }
    for id in ids.iter().take(1000) {
        let path_of_one = format!("members[value eq \"{id}\"]");
        assert_eq!(flock.patch(&path, json!([{"op": "remove", "path": path_of_one}])).status, 204);
    }
    assert_eq!(flock.get(&path)["members"].as_array().unwrap().len(), 9_000);
    let mut seen = std::collections::HashSet::new();
    let mut start = 1;
    loop {
        let page = flock.get(&format!("/Users?startIndex={start}&attributes=id"));
        let list = page["Resources"].as_array().unwrap();
        assert_eq!(page["totalResults"], 10_000);
        if list.is_empty() {
            break;
        }
        seen.extend(list.iter().map(|r| r["id"].as_str().unwrap().to_owned()));
        start += list.len();
    }
    assert_eq!(seen.len(), 10_000);
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}
