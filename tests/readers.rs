//! The fast reader agrees with the plain one on every sample and on thousands of documents
//! made from them by random changes, cut into random chunks. `SEED=n` repeats a run,
//! `DOCUMENTS=n` sets how many there are.

mod support;

use support::{Random, readers};
use tongguan::xml::Limits;

/// What a change puts in: the bits of which XML is made, whole and broken.
const BITS: [&str; 53] = [
    "<",
    ">",
    "/",
    "</",
    "/>",
    "=",
    "\"",
    "'",
    "&",
    ";",
    "&amp;",
    "&lt;",
    "&#65;",
    "&#x4e2d;",
    "&#0;",
    "&#xD800;",
    "&none;",
    "<a>",
    "</a>",
    "<a/>",
    "<a b='c'/>",
    " b='c'",
    " b=\"&gt;\"",
    " xmlns='u'",
    " xmlns:p='u'",
    " xmlns:p=''",
    "p:",
    ":",
    " xml:lang='zh'",
    "<!--",
    "-->",
    "<!-- c -->",
    "--",
    "<![CDATA[",
    "]]>",
    "<![CDATA[<&]]>",
    "<?p i?>",
    "<?xml?>",
    "<?x:y?>",
    "<?xml version='1.0'?>",
    "<!DOCTYPE a>",
    "\r",
    "\r\n",
    "\n",
    "\t",
    " ",
    "中",
    "\u{1F6A2}",
    "\u{1}",
    "\u{FFFE}",
    "\u{FEFF}",
    "\u{b7}",
    "-",
];

#[test]
fn the_readers_agree() {
    let documents: u32 = std::env::var("DOCUMENTS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20_000);
    let mut random = Random::from_environment();
    let small = Limits {
        depth_max: 6,
        attributes_max: 3,
        tag_bytes_max: 90,
        name_bytes_max: 20,
        text_bytes_max: 40,
        elements_max: 12,
        ..Limits::default()
    };
    let mut seeds: Vec<String> = vec![
        "<?xml version=\"1.0\" encoding='UTF-8' standalone=\"no\" ?>\n<?xml-style x?><!-- c --><a xmlns:p='u' p:b='1' c=\"2&amp;\r\n\t3\"><p:b>x]]&gt;<![CDATA[y]]>&#65;</p:b >\r\n<c/></a>\n".to_owned(),
        "<a/>".to_owned(),
        "<a>text</a>".to_owned(),
        "<?xml version='1.1'?><p:a xmlns:p='u'>\t<p:b c='1' d='2'/>\n</p:a><!-- - -->".to_owned(),
        "<a><b><c>1</c><c>2</c></b><b/>&lt;<![CDATA[]]></a><?end?>".to_owned(),
        "<a xmlns='u' xmlns:q='v' q:b='' b='' xml:lang='zh'>中文\r\r\n</a>".to_owned(),
        "<a xmlns='u'><b xmlns=''><c xml:space='preserve'/></b><b\n/></a>".to_owned(),
    ];
    for folder in ["goods", "manifest", "aircraft", "certificate"] {
        let folder = std::path::Path::new("tests/messages").join(folder);
        for entry in std::fs::read_dir(folder).expect("samples") {
            let path = entry.expect("an entry").path();
            if let Ok(text) = std::fs::read_to_string(&path)
                && path.extension().is_some_and(|extension| extension == "xml")
            {
                readers::agree(&text, &Limits::default(), || random.below(5000) as usize);
                assert!(
                    readers::fast(&text, &Limits::default()).is_some(),
                    "{}",
                    path.display()
                );
                if text.len() < 1500 {
                    seeds.push(text);
                }
            }
        }
    }
    let mut fine = 0;
    for number in 0..documents {
        let mut text = random.pick(&seeds).clone();
        for _ in 0..random.below(4) {
            let at = |random: &mut Random, text: &str| {
                text.floor_char_boundary(random.below(text.len() as u64 + 1) as usize)
            };
            let (from, to) = (at(&mut random, &text), at(&mut random, &text));
            match random.below(4) {
                0 if to > from => {
                    text.replace_range(from..to.min(text.ceil_char_boundary(from + 9)), "")
                }
                1 if to > from => {
                    let copied = text[from..to].to_owned();
                    text.insert_str(to, &copied);
                }
                _ => text.insert_str(from, random.pick::<&str>(&BITS)),
            }
        }
        let limits = if number % 4 == 0 {
            &small
        } else {
            &Limits::default()
        };
        readers::agree(&text, limits, || 1 + random.below(20) as usize);
        fine += u32::from(readers::fast(&text, limits).is_some());
    }
    println!("{documents} documents, {fine} of them well-formed");
    assert!(
        fine > documents / 20 && fine < documents,
        "the changes are too few or too many"
    );
}
