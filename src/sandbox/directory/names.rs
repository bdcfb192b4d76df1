//! The words the seeded tenant is made of. Each name comes as it is written and in ASCII, for addresses.

/// A name as its bearer writes it, and as an address spells it.
pub(super) type Name = (&'static str, &'static str);

/// Names and places that go together.
pub(super) struct Culture {
    pub given: &'static [Name],
    pub family: &'static [Name],
    /// ISO 3166 code and name of the country, city, language tag.
    pub place: (&'static str, &'static str, &'static str, &'static str),
    /// The display name puts the family name first.
    pub family_first: bool,
}

pub(super) const CULTURES: &[Culture] = &[
    Culture {
        given: &[
            ("Grace", "grace"),
            ("Alan", "alan"),
            ("Edith", "edith"),
            ("Oliver", "oliver"),
            ("Hannah", "hannah"),
            ("Seán", "sean"),
            ("Niamh", "niamh"),
            ("Harriet", "harriet"),
            ("Cillian", "cillian"),
        ],
        family: &[
            ("Hopper", "hopper"),
            ("Turing", "turing"),
            ("O'Brien", "obrien"),
            ("Smith-Jones", "smith-jones"),
            ("Whitfield", "whitfield"),
            ("Ní Bhriain", "nibhriain"),
            ("Ashworth", "ashworth"),
            ("Okafor", "okafor"),
            ("MacLeod", "macleod"),
        ],
        place: ("GB", "United Kingdom", "Leeds", "en-GB"),
        family_first: false,
    },
    Culture {
        given: &[
            ("Jürgen", "juergen"),
            ("Anneliese", "anneliese"),
            ("Björn", "bjoern"),
            ("Käthe", "kaethe"),
            ("Lukas", "lukas"),
            ("Mareike", "mareike"),
            ("Günther", "guenther"),
        ],
        family: &[
            ("Müller", "mueller"),
            ("Groß", "gross"),
            ("von der Heide", "vonderheide"),
            ("Schäfer", "schaefer"),
            ("Köhler", "koehler"),
            ("Weiß", "weiss"),
            ("Jäger", "jaeger"),
        ],
        place: ("DE", "Germany", "Göttingen", "de-DE"),
        family_first: false,
    },
    Culture {
        given: &[
            ("Zoë", "zoe"),
            ("François", "francois"),
            ("Aurélie", "aurelie"),
            ("Noël", "noel"),
            ("Hélène", "helene"),
            ("Étienne", "etienne"),
            ("Maëlys", "maelys"),
        ],
        family: &[
            ("Lefèvre", "lefevre"),
            ("D'Artagnan", "dartagnan"),
            ("Çelik", "celik"),
            ("Beauchêne", "beauchene"),
            ("Garçon", "garcon"),
            ("Éluard", "eluard"),
            ("Benoît", "benoit"),
        ],
        place: ("FR", "France", "Orléans", "fr-FR"),
        family_first: false,
    },
    Culture {
        given: &[
            ("Łukasz", "lukasz"),
            ("Małgorzata", "malgorzata"),
            ("Świętosława", "swietoslawa"),
            ("Grzegorz", "grzegorz"),
            ("Žofie", "zofie"),
            ("Jiří", "jiri"),
            ("Kateřina", "katerina"),
        ],
        family: &[
            ("Wójcik", "wojcik"),
            ("Brzęczyszczykiewicz", "brzeczyszczykiewicz"),
            ("Dvořák", "dvorak"),
            ("Żółć", "zolc"),
            ("Nováková", "novakova"),
            ("Kříž", "kriz"),
            ("Jabłońska", "jablonska"),
        ],
        place: ("PL", "Poland", "Łódź", "pl-PL"),
        family_first: false,
    },
    Culture {
        given: &[
            ("Åsa", "asa"),
            ("Øystein", "oystein"),
            ("Þóra", "thora"),
            ("Sølvi", "solvi"),
            ("Jökull", "jokull"),
            ("Ærø", "aeroe"),
            ("Märta", "marta"),
        ],
        family: &[
            ("Ångström", "angstrom"),
            ("Bjørnson", "bjornson"),
            ("Guðmundsdóttir", "gudmundsdottir"),
            ("Sjöberg", "sjoberg"),
            ("Hägg", "hagg"),
            ("Nygård", "nygard"),
            ("Ørsted", "orsted"),
        ],
        place: ("SE", "Sweden", "Malmö", "sv-SE"),
        family_first: false,
    },
    Culture {
        given: &[
            ("İbrahim", "ibrahim"),
            ("Ayşe", "ayse"),
            ("Gökçe", "gokce"),
            ("Işıl", "isil"),
            ("Uğur", "ugur"),
            ("Şirin", "sirin"),
        ],
        family: &[
            ("Yıldırım", "yildirim"),
            ("Öztürk", "ozturk"),
            ("Kılıç", "kilic"),
            ("Ağaoğlu", "agaoglu"),
            ("Şahin", "sahin"),
            ("İnönü", "inonu"),
        ],
        place: ("TR", "Türkiye", "İzmir", "tr-TR"),
        family_first: false,
    },
    Culture {
        given: &[
            ("Nguyệt", "nguyet"),
            ("Thúy", "thuy"),
            ("Đức", "duc"),
            ("Hương", "huong"),
            ("Tuấn", "tuan"),
            ("Quỳnh", "quynh"),
        ],
        family: &[
            ("Nguyễn", "nguyen"),
            ("Trần", "tran"),
            ("Phạm", "pham"),
            ("Đặng", "dang"),
            ("Võ", "vo"),
            ("Bùi", "bui"),
        ],
        place: ("VN", "Vietnam", "Đà Nẵng", "vi-VN"),
        family_first: true,
    },
    Culture {
        given: &[
            ("Ελένη", "eleni"),
            ("Γιώργος", "giorgos"),
            ("Δήμητρα", "dimitra"),
            ("Νίκος", "nikos"),
            ("Άννα", "anna"),
        ],
        family: &[
            ("Παπαδοπούλου", "papadopoulou"),
            ("Γεωργίου", "georgiou"),
            ("Νικολαΐδης", "nikolaidis"),
            ("Οικονόμου", "oikonomou"),
        ],
        place: ("GR", "Greece", "Θεσσαλονίκη", "el-GR"),
        family_first: false,
    },
    Culture {
        given: &[
            ("Ольга", "olga"),
            ("Дмитро", "dmytro"),
            ("Їжакевич", "yizhak"),
            ("Соломія", "solomiia"),
            ("Юрій", "yurii"),
            ("Катерина", "kateryna"),
        ],
        family: &[
            ("Шевченко", "shevchenko"),
            ("Коваленко", "kovalenko"),
            ("Ткачук", "tkachuk"),
            ("Щербак", "shcherbak"),
            ("Бондаренко", "bondarenko"),
        ],
        place: ("UA", "Ukraine", "Львів", "uk-UA"),
        family_first: false,
    },
    Culture {
        given: &[("محمد", "mohammed"), ("فاطمة", "fatima"), ("ليلى", "layla"), ("يوسف", "youssef"), ("نور", "nour")],
        family: &[("الخوارزمي", "alkhwarizmi"), ("المصري", "almasri"), ("حداد", "haddad"), ("بن علي", "benali")],
        place: ("EG", "Egypt", "القاهرة", "ar-EG"),
        family_first: false,
    },
    Culture {
        given: &[("נועה", "noa"), ("דוד", "david"), ("תמר", "tamar"), ("יעל", "yael")],
        family: &[("כהן", "cohen"), ("לוי", "levi"), ("מזרחי", "mizrahi"), ("פרידמן", "friedman")],
        place: ("IL", "Israel", "חיפה", "he-IL"),
        family_first: false,
    },
    Culture {
        given: &[("健二", "kenji"), ("さくら", "sakura"), ("葵", "aoi"), ("ユキ", "yuki"), ("大輔", "daisuke")],
        family: &[
            ("森田", "morita"),
            ("髙橋", "takahashi"),
            ("渡邉", "watanabe"),
            ("小林", "kobayashi"),
            ("鈴木", "suzuki"),
        ],
        place: ("JP", "Japan", "京都市", "ja-JP"),
        family_first: true,
    },
    Culture {
        given: &[("伟", "wei"), ("秀英", "xiuying"), ("𠮷明", "jiming"), ("芳", "fang"), ("国强", "guoqiang")],
        family: &[("王", "wang"), ("李", "li"), ("欧阳", "ouyang"), ("张", "zhang"), ("诸葛", "zhuge")],
        place: ("CN", "China", "杭州市", "zh-CN"),
        family_first: true,
    },
    Culture {
        given: &[("민준", "minjun"), ("서연", "seoyeon"), ("지우", "jiwoo"), ("하은", "haeun")],
        family: &[("김", "kim"), ("이", "lee"), ("박", "park"), ("최", "choi")],
        place: ("KR", "Korea", "부산", "ko-KR"),
        family_first: true,
    },
    Culture {
        given: &[("प्रिया", "priya"), ("अर्जुन", "arjun"), ("Lakshmi", "lakshmi"), ("Rohan", "rohan"), ("Meera", "meera")],
        family: &[
            ("शर्मा", "sharma"),
            ("Iyer", "iyer"),
            ("Venkataraghavan", "venkataraghavan"),
            ("पटेल", "patel"),
            ("Bose", "bose"),
        ],
        place: ("IN", "India", "पुणे", "hi-IN"),
        family_first: false,
    },
    Culture {
        given: &[
            ("José", "jose"),
            ("Núria", "nuria"),
            ("João", "joao"),
            ("Conceição", "conceicao"),
            ("Íñigo", "inigo"),
            ("María José", "mariajose"),
        ],
        family: &[
            ("García Márquez", "garciamarquez"),
            ("Muñoz", "munoz"),
            ("Gonçalves", "goncalves"),
            ("Peña", "pena"),
            ("dos Santos", "dossantos"),
            ("Ibáñez", "ibanez"),
        ],
        place: ("ES", "Spain", "A Coruña", "es-ES"),
        family_first: false,
    },
    Culture {
        given: &[
            ("Chidi", "chidi"),
            ("Ọláyínká", "olayinka"),
            ("Ngozi", "ngozi"),
            ("Babátúndé", "babatunde"),
            ("Amara", "amara"),
        ],
        family: &[("Adébáyọ̀", "adebayo"), ("Nwosu", "nwosu"), ("Ọkọ́nkwọ́", "okonkwo"), ("Diallo", "diallo")],
        place: ("NG", "Nigeria", "Lagos", "en-NG"),
        family_first: false,
    },
];

/// Department, and the titles in it from the lead down.
pub(super) const DEPARTMENTS: &[(&str, &[&str])] = &[
    ("Engineering", &["Engineering Manager", "Staff Engineer", "Software Engineer", "Test Engineer"]),
    ("Operations", &["Operations Director", "Dispatcher", "Shift Planner", "Yard Coordinator"]),
    ("Sales", &["Head of Sales", "Account Manager", "Sales Representative"]),
    ("Finance", &["Finance Director", "Controller", "Accountant"]),
    ("People", &["Head of People", "Recruiter", "HR Business Partner"]),
    ("Marketing", &["Marketing Lead", "Copywriter", "Designer"]),
    ("Customer Care", &["Support Lead", "Support Agent"]),
    ("Warehouse", &["Warehouse Lead", "Forklift Operator", "Picker"]),
];

/// What a group of the seeded tenant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Assigned to Flock, holds most people.
    Flock,
    /// Assigned to Flock as administrators, a few people.
    Admins,
    /// Assigned to Flock, and holds another group beside people.
    Nesting,
    /// Inside the nesting group.
    Nested,
    /// Holds everybody by rule.
    Dynamic,
    /// Holds nobody.
    Empty,
    /// Holds devices beside people.
    Devices,
    /// Holds guests.
    Guests,
    /// Assigned with Default Access.
    Legacy,
    /// Holds the people of a department.
    Department(usize),
}

pub(super) const GROUPS: &[(&str, &str, Role)] = &[
    ("Flock Users", "Everybody who chats", Role::Flock),
    ("Flock Administrators", "May manage channels and people", Role::Admins),
    ("Leadership", "Leads of all departments, with the board as a nested group", Role::Nesting),
    ("Board", "Nested in Leadership", Role::Nested),
    ("All Staff", "Rule based", Role::Dynamic),
    ("Summer Party 2019", "Nobody left", Role::Empty),
    ("Handheld Scanners", "Devices, and who looks after them", Role::Devices),
    ("Partners", "Guests from other companies", Role::Guests),
    ("Flock Pilot 2021", "The people who tried Flock first", Role::Legacy),
    ("Engineering", "", Role::Department(0)),
    ("Operations", "Dispatch, planning and yard", Role::Department(1)),
    ("Sales", "", Role::Department(2)),
    ("Finance", "", Role::Department(3)),
    ("People", "", Role::Department(4)),
    ("Marketing", "", Role::Department(5)),
    ("Customer Care", "Zákaznická péče", Role::Department(6)),
    ("Warehouse", "Lager · Magazyn · Entrepôt", Role::Department(7)),
    ("Nachtschicht Göttingen", "Ab 22 Uhr", Role::Department(7)),
];

/// Words for the groups beyond the named ones.
pub(super) const PROJECTS: &[&str] =
    &["Kestrel", "Heron", "Sparrow", "Curlew", "Plover", "Wagtail", "Siskin", "Dunlin", "Bittern", "Redshank"];
