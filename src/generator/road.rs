//! Manifests by road: the original one (MT1401) and the pre-load one (MT2401), of lorries that are
//! cleared in Beijing and cross the border in the south; the carrier's confirmation of a vehicle
//! that enters (MT4401), and what was counted when it was unloaded (MT5401).

use super::Making;
use super::companies::{foreigner, person};
use super::manifest::{Flight, lots, packages, telephone};
use super::numbers::{Decimal, container};
use super::places::OWNERS;
use super::random::Random;
use super::tree::Tree;

/// Bills of one lorry: most carry one or two loads.
const BILLS: &[(u64, (u64, u64))] = &[(65, (1, 1)), (30, (2, 4)), (5, (5, 15))];

/// The office at the border, and a yard there.
const BORDER: &str = "5301";
const YARD: &str = "CNSZX5301S0017";

/// What all messages of a batch begin with. Gives the first serial of its bills.
fn batch(m: &mut Making<'_>, flight: &Flight<'_>) -> u64 {
    let (tree, random) = (&mut *m.tree, &mut m.random);
    tree.leaf("DeclarationOfficeID", BORDER);
    let letters = if flight.import { "HG" } else { "WJD" };
    let serial = random.below(900_000);
    tree.leaf(
        "ID",
        format_args!("{letters}{}{:03}", m.sent.date(), serial % 1_000),
    );
    tree.within("RepresentativePerson", "Name", &flight.forwarder.name);
    serial
}

fn bill_number(serial: u64, index: u64) -> String {
    format!("KLN26{:06}", serial + index * 7)
}

pub(super) fn manifest(m: &mut Making<'_>, flight: &Flight<'_>) {
    let serial = batch(m, flight);
    let deleted = flight.form == "3";
    let (tree, random) = (&mut *m.tree, &mut m.random);
    tree.within("BorderTransportMeans", "TypeCode", "3");
    if !deleted {
        if random.percent(70) {
            tree.within("Agent", "ID", &flight.sender);
        }
        tree.within("Carrier", "ID", "530048/1");
        tree.open(if flight.import {
            "UnloadingLocation"
        } else {
            "LoadingLocation"
        });
        if flight.import {
            tree.leaf("ID", YARD);
            tree.leaf("ArrivalDateTime", flight.arrival.date());
        } else {
            tree.leaf("ID", "CNBJS0108");
            let loading = flight.departure.minutes_earlier(random.between(60, 400));
            tree.leaf("LoadingDateTime", loading.full_minute());
        }
        tree.close();
        if random.percent(15) {
            tree.within("AdditionalInformation", "Content", "两票货物同车运输");
        }
    }
    let first = random.next() % 900_000;
    for index in 0..random.size(BILLS) {
        m.tree.open("Consignment");
        m.tree.open("TransportContractDocument");
        m.tree.leaf("ID", bill_number(serial, index));
        if deleted {
            let reasons = ["001", "002", "999"];
            m.tree.leaf("ChangeReasonCode", *m.random.pick(&reasons));
        } else if m.random.percent(80) {
            m.tree.leaf("ConditionCode", "27");
        }
        m.tree.close();
        if !deleted {
            bill(m, flight, first + index);
        }
        m.tree.close();
    }
}

fn bill(m: &mut Making<'_>, flight: &Flight<'_>, container_serial: u64) {
    let (tree, random) = (&mut *m.tree, &mut m.random);
    let lots = lots(random);
    let packages = packages(&lots);
    let pieces = packages.iter().map(|(pieces, _)| pieces).sum::<u64>();
    let weight = packages.iter().map(|(_, weight)| weight).sum();
    counted(tree, "TotalPackageQuantity", pieces);
    if random.percent(40) {
        let currency = *random.pick(&["USD", "CNY", "HKD"]);
        let value = lots.iter().map(|lot| lot.total()).sum();
        measured(tree, "ValueAmount", "@currencyID", currency, value);
    }
    if flight.import && random.percent(50) {
        tree.open("BorderTransportMeans");
        tree.within(
            "Itinerary",
            "RoutingCountryCode",
            flight.airport.country.alpha2,
        );
        tree.close();
    }
    tree.open("GovernmentAgencyGoodsItem");
    gross(tree, weight);
    tree.close();
    let procedure = if random.percent(70) { "RD06" } else { "RD09" };
    tree.within("GovernmentProcedure", "CurrentCode", procedure);
    if random.percent(60) {
        let method = if random.percent(50) { "1" } else { "2" };
        tree.within("Freight", "PaymentMethodCode", method);
    }
    let transit = if flight.import {
        "TransitDestination"
    } else {
        "TransitDeparture"
    };
    if random.percent(50) {
        tree.within(transit, "ID", "0108");
    }
    if random.percent(40) {
        let number = container(OWNERS[0], container_serial);
        tree.within("TransportEquipment", "ID", number);
    }
    let company = m.companies.trader(random);
    let partner = foreigner(flight.airport.country, random);
    let (at_home, abroad) = if flight.import {
        ("Consignee", "Consignor")
    } else {
        ("Consignor", "Consignee")
    };
    party(
        tree,
        at_home,
        &company.credit,
        &company.name,
        &company.phone,
    );
    let phone = format!("+{} {}", partner.country.calling, partner.phone);
    party(
        tree,
        abroad,
        &random.like("HK#######"),
        &partner.name,
        &phone,
    );
    let mut dangerous = false;
    for (index, (lot, (pieces, weight))) in lots.iter().zip(&packages).enumerate() {
        tree.open("ConsignmentItem");
        tree.leaf("SequenceNumeric", index + 1);
        tree.open("Commodity");
        tree.leaf("CargoDescription", lot.commodity.en);
        if let Some(number) = lot.commodity.dangerous {
            dangerous = true;
            tree.within("Classification", "ID", number);
        }
        tree.close();
        gross(tree, *weight);
        tree.open("Packaging");
        counted(tree, "QuantityQuantity", *pieces);
        tree.close();
        tree.close();
    }
    if dangerous {
        tree.open("UNDGContact");
        tree.leaf("Name", person(random));
        telephone(tree, &company.phone);
        tree.close();
    }
}

/// A vehicle that enters, with its driver, and with a container or a trailer now and then.
pub(super) fn confirmation(m: &mut Making<'_>, flight: &Flight<'_>) {
    batch(m, flight);
    let (tree, random) = (&mut *m.tree, &mut m.random);
    tree.within("Carrier", "ID", "530048/1");
    tree.within("UnloadingLocation", "ID", YARD);
    let vehicle = random.like("53000#####");
    tree.open("Consignment");
    tree.open("BorderTransportMeans");
    tree.leaf("ArrivalDateTime", flight.arrival.full_minute());
    tree.leaf("ID", &vehicle);
    tree.leaf("Name", random.like("粤Z·@###港"));
    tree.leaf("TypeCode", "3");
    tree.open("Master");
    tree.leaf("ID", random.like("53001#####"));
    tree.leaf("Name", person(random));
    tree.close();
    if random.percent(70) {
        tree.open("TransportEquipment");
        tree.leaf("ID", format_args!("{vehicle}01"));
        empty_weight(tree, random);
        tree.leaf("TypeCode", "2");
        tree.close();
    }
    tree.close();
    tree.within("GovernmentProcedure", "CurrentCode", "RD06");
    if random.percent(60) {
        let owner = *random.pick(OWNERS);
        let number = container(owner, random.below(900_000));
        tree.open("TransportEquipment");
        tree.leaf("CharacteristicCode", "45G1");
        tree.leaf("ID", number);
        tree.leaf("SupplierPartyTypeCode", "2");
        empty_weight(tree, random);
        tree.close();
    }
    tree.close();
}

/// What was counted when a vehicle was unloaded.
pub(super) fn tally(m: &mut Making<'_>, flight: &Flight<'_>) {
    let serial = batch(m, flight);
    let (tree, random) = (&mut *m.tree, &mut m.random);
    let begun = flight.arrival.minutes_later(random.between(20, 60));
    let done = begun.minutes_later(random.between(30, 170));
    tree.open("BorderTransportMeans");
    tree.leaf("ActualDateTime", begun.full_minute());
    tree.leaf("CompletedDateTime", done.full_minute());
    tree.leaf("ID", random.like("53000#####"));
    tree.leaf("Name", random.like("粤Z·@###港"));
    tree.leaf("TypeCode", "3");
    tree.close();
    for index in 0..random.size(BILLS) {
        tree.open("Consignment");
        counted(tree, "TotalPackageQuantity", random.between(1, 90));
        tree.within(
            "TransportContractDocument",
            "ID",
            bill_number(serial, index),
        );
        tree.close();
    }
    tree.open("Master");
    tree.leaf("Name", person(random));
    telephone(tree, random.like("138########"));
    tree.close();
    tree.open("TallyParty");
    tree.leaf(
        "ID",
        format_args!("{BORDER}{}", flight.forwarder.organisation),
    );
    telephone(tree, &flight.forwarder.phone);
    tree.within("Contact", "Name", person(random));
    tree.close();
    tree.within("UnloadingLocation", "ID", YARD);
}

fn party(tree: &mut Tree, role: &'static str, number: &str, name: &str, phone: &str) {
    tree.open(role);
    tree.leaf("ID", number);
    tree.leaf("Name", name);
    telephone(tree, phone);
    tree.close();
}

/// Pieces, with the kind of package.
fn counted(tree: &mut Tree, name: &'static str, pieces: u64) {
    tree.open(name);
    tree.leaf("@unitCode", "CT");
    tree.content(pieces);
    tree.close();
}

fn gross(tree: &mut Tree, weight: u64) {
    tree.open("GoodsMeasure");
    measured(tree, "GrossMassMeasure", "@unitCode", "KGM", weight);
    tree.close();
}

/// Hundredths of a unit.
fn measured(
    tree: &mut Tree,
    name: &'static str,
    attribute: &'static str,
    unit: &str,
    hundredths: u64,
) {
    tree.open(name);
    tree.leaf(attribute, unit);
    tree.content(Decimal(hundredths, 2));
    tree.close();
}

fn empty_weight(tree: &mut Tree, random: &mut Random) {
    let weight = random.between(30, 80) * 10_000;
    measured(tree, "TareWeight", "@unitCode", "KGM", weight);
}
