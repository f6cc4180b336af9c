//! Trade messages as they might come: declarations of goods, manifests by air, sea and road, what
//! airlines say of aircraft, and certificates of origin, of invented companies. A seed and a
//! number make a message, so any of them can be made again. On request it carries mistakes, and
//! says which findings they cause.
//!
//! It shares no code with what checks messages, so that each can find mistakes in the other.
//!
//! Each family has a file that draws what a message is about and writes it to the `tree`, with
//! further files for its less usual messages; `faults` has a table of mistakes for each, and
//! `style` writes the tree as one producer or another would. A new message type is a line in
//! [`Kind::message_types`] and a function of its family's file; a new mistake is a row of its table.
//! `tests/generator.rs` holds both against the rules.
//!
//! ```
//! use tongguan::generator::{Generator, Plan};
//!
//! let mut generator = Generator::new(7);
//! let message = generator.year_mix(&Plan::faulty(2));
//! println!("{} of {}: {:?}", message.message_type, message.reference, message.planted);
//! ```

mod aircraft;
mod aircraft_papers;
mod certificate;
mod certificate_parts;
mod commodities;
mod companies;
mod envelope;
mod faults;
mod goods;
mod goods_parts;
mod manifest;
mod moment;
mod numbers;
mod places;
mod random;
mod reports;
mod road;
mod sea;
mod style;
mod tree;

use self::companies::Companies;
use self::moment::Moment;
use self::random::Random;
use self::style::Style;
use self::tree::Tree;

pub use self::faults::Fault;

/// A family that the generator knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Declarations of goods.
    Goods,
    /// Manifests by air, sea and road, and the reports that follow them.
    Manifest,
    /// Movements of aircraft, general declarations and filings.
    Aircraft,
    /// Certificates of origin.
    Certificate,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 4] = [
        Kind::Goods,
        Kind::Manifest,
        Kind::Aircraft,
        Kind::Certificate,
    ];

    /// The name of the family.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Goods => "goods",
            Kind::Manifest => "manifest",
            Kind::Aircraft => "aircraft",
            Kind::Certificate => "certificate",
        }
    }

    /// The message types that the generator makes.
    pub fn message_types(self) -> impl Iterator<Item = &'static str> {
        self.shares().iter().map(|(_, message_type)| *message_type)
    }

    /// The message types, each with its share of a thousand: air manifests in both directions and
    /// what follows them, few flights that are cancelled, and a third of certificates without
    /// namespace. What is rare at the capital's airport, the sea, the road, envelopes and papers
    /// of aircraft, has a few in a hundred together: enough to be there in every run, too few to
    /// change how long a year takes.
    fn shares(self) -> &'static [(u64, &'static str)] {
        match self {
            Kind::Goods => &[(980, "DecMessage"), (12, "ImportMessage"), (8, "DxpMsg")],
            Kind::Manifest => &[
                (315, "MT1201"),
                (275, "MT2201"),
                (118, "MT3201"),
                (78, "MT4201"),
                (118, "MT5201"),
                (78, "MT5202"),
                (4, "MT1101"),
                (4, "MT2101"),
                (2, "MT4101"),
                (2, "MT1401"),
                (2, "MT2401"),
                (2, "MT4401"),
                (2, "MT5401"),
            ],
            Kind::Aircraft => &[
                (244, "InboundForecast"),
                (244, "OutboundForecast"),
                (235, "ArrivalConfirmed"),
                (235, "DepartureConfirmed"),
                (18, "FlightCancelled"),
                (14, "GeneralDeclaration"),
                (4, "StayInPort"),
                (3, "AircraftFiling"),
                (3, "FlightFiling"),
            ],
            Kind::Certificate => &[
                (635, "CooCertificate"),
                (315, "CooCertificatePlain"),
                (33, "CooFile"),
                (17, "CooFilePlain"),
            ],
        }
    }

    /// The mistakes that can be planted.
    pub fn faults(self) -> &'static [Fault] {
        match self {
            Kind::Goods => faults::GOODS,
            Kind::Manifest => faults::MANIFEST,
            Kind::Aircraft => faults::AIRCRAFT,
            Kind::Certificate => faults::CERTIFICATE,
        }
    }
}

/// How many messages of each family Beijing's single window took in 2022.
pub const YEAR_2022: [(u64, Kind); 4] = [
    (2_225_000, Kind::Goods),
    (8_113_000, Kind::Manifest),
    (297_000, Kind::Aircraft),
    (1_832, Kind::Certificate),
];

/// What is wanted of a message. The default is any message without a mistake.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The message type; any of the family without it.
    pub message_type: Option<&'static str>,
    /// How many mistakes. There are fewer where the message has no place for more.
    pub faults: usize,
    /// The name of a mistake that has to be among them, if the message has a place for it.
    pub fault: Option<&'static str>,
}

impl Plan {
    /// A message with mistakes.
    pub fn faulty(faults: usize) -> Plan {
        Plan {
            faults,
            ..Plan::default()
        }
    }

    /// The same, with the mistake by name and no other.
    fn alone(&self) -> Plan {
        Plan {
            faults: 1,
            ..self.clone()
        }
    }
}

/// A mistake that a message carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// Its name in the table of faults.
    pub name: &'static str,
    /// The code of the one finding that it causes.
    pub code: &'static str,
    /// The path that the finding names.
    pub path: String,
}

/// A message.
#[derive(Debug, Clone)]
pub struct Generated {
    /// Its family.
    pub kind: Kind,
    /// Its message type.
    pub message_type: &'static str,
    /// The trader's own number, which identifies it.
    pub reference: String,
    /// The message as it is sent.
    pub xml: Vec<u8>,
    /// The mistakes in it.
    pub planted: Vec<Planted>,
}

/// A sequence of messages. References and times of one sequence do not repeat.
pub struct Generator {
    seed: u64,
    number: u64,
    step: u64,
    companies: Companies,
    tree: Tree,
    out: String,
}

/// What a family needs to make a message.
struct Making<'g> {
    tree: &'g mut Tree,
    random: Random,
    companies: &'g Companies,
    /// The place of the message in its sequence.
    number: u64,
    /// When it is sent.
    sent: Moment,
    message_type: &'static str,
    /// The kind of message that the mistake by name needs, of those that its family knows; any
    /// where it is empty.
    wanted: &'static str,
    /// Whether it will carry mistakes; then it is not a draft, of which little is asked.
    faulty: bool,
}

impl Generator {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Generator {
        Generator::part(seed, 0, 1)
    }

    /// One of several parts of the sequence of this seed, for as many threads: every so many
    /// messages, from this one on.
    pub fn part(seed: u64, part: u64, of: u64) -> Generator {
        Generator {
            seed,
            // Sequences begin in different places, so that their references differ.
            number: random::mix(seed) % 1_000_000_000 + part,
            step: of.max(1),
            companies: Companies::new(),
            tree: Tree::default(),
            out: String::new(),
        }
    }

    /// The next message, of any family, in the proportions of a year. Nearly all are simple ones,
    /// as nearly all of a year are: declarations of goods of one step and without transit, air
    /// manifests and the reports that follow them, movements of aircraft. So figures that were
    /// measured with it stay comparable when the generator learns more.
    pub fn year_mix(&mut self, plan: &Plan) -> Generated {
        // A chance of its own, so that a kind does not decide what its message is like.
        let kind = Random::new(!self.seed, self.number).weighted(&YEAR_2022);
        self.generate(kind, plan)
    }

    /// The next message, a declaration of goods.
    pub fn goods(&mut self, plan: &Plan) -> Generated {
        self.generate(Kind::Goods, plan)
    }

    /// The next message, a manifest.
    pub fn manifest(&mut self, plan: &Plan) -> Generated {
        self.generate(Kind::Manifest, plan)
    }

    /// The next message, of an aircraft.
    pub fn aircraft(&mut self, plan: &Plan) -> Generated {
        self.generate(Kind::Aircraft, plan)
    }

    /// The next message, a certificate of origin.
    pub fn certificate(&mut self, plan: &Plan) -> Generated {
        self.generate(Kind::Certificate, plan)
    }

    /// The next message, of this family.
    pub fn generate(&mut self, kind: Kind, plan: &Plan) -> Generated {
        let mut random = Random::new(self.seed, self.number);
        let any = random.weighted(kind.shares());
        let named = |name| kind.faults().iter().find(|fault| fault.name == name);
        let wanted = plan.fault.and_then(named).map_or("", |fault| fault.of);
        let typed = kind.message_types().find(|name| *name == wanted);
        let message_type = plan.message_type.or(typed).unwrap_or(any);
        let mut making = Making {
            tree: &mut self.tree,
            random,
            companies: &self.companies,
            number: self.number,
            sent: Moment::of_message(self.number),
            message_type,
            wanted,
            faulty: plan.faults > 0 || plan.fault.is_some(),
        };
        let reference = match kind {
            Kind::Goods => goods::make(&mut making),
            Kind::Manifest => manifest::make(&mut making),
            Kind::Aircraft => aircraft::make(&mut making),
            Kind::Certificate => certificate::make(&mut making),
        };
        let (mut random, sent) = (making.random, making.sent);
        // A mistake of an envelope is planted in the envelope, and what is inside is right.
        let inner = if wanted == message_type && kind == Kind::Goods {
            &Plan::default()
        } else {
            plan
        };
        let table = kind.faults();
        let mut planted = faults::plant(table, inner, &mut self.tree, &mut random);
        self.out.clear();
        let style = Style::draw(&mut random);
        match message_type {
            "ImportMessage" => {
                style.inside().write(&self.tree, &mut self.out);
                envelope::older(&mut self.tree, &reference, &self.out);
            }
            "DxpMsg" => {
                style.write(&self.tree, &mut self.out);
                envelope::platform(&mut self.tree, &mut random, sent, &reference, &self.out);
            }
            _ => style.write(&self.tree, &mut self.out),
        }
        let place = envelope::place(message_type);
        if !place.is_empty() {
            for planted in &mut planted {
                planted.path.insert_str(0, place);
            }
            if wanted == message_type {
                planted = faults::plant(table, &plan.alone(), &mut self.tree, &mut random);
            }
            self.out.clear();
            Style::draw(&mut random).write(&self.tree, &mut self.out);
        }
        self.number += self.step;
        Generated {
            kind,
            message_type,
            reference,
            xml: self.out.as_bytes().to_vec(),
            planted,
        }
    }
}
