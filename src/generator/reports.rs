//! What follows a pre-load manifest, and what follows an arrival: goods that arrived at the station
//! (MT3201), what was loaded (MT4201), what was counted (MT5201 and MT5202).

use super::Making;
use super::companies::person;
use super::manifest::{Flight, lots, measures, named, packages, telephone, totals, waybills};

/// Goods for export that arrived at the station of the airport.
pub(super) fn arrival<'g>(m: &mut Making<'g>, flight: &Flight<'g>) {
    m.tree.leaf("DeclarationOfficeID", flight.office);
    craft(m, flight);
    m.tree.close();
    waybills(m, flight, |m, flight| {
        m.tree.open("UnloadingLocation");
        m.tree.leaf("ID", flight.home());
        let arrived = m.sent.minutes_earlier(m.random.between(10, 300));
        m.tree.leaf("ArrivalDate", arrived.zoned());
        m.tree.close();
        let lots = lots(&mut m.random);
        measures(m.tree, &lots, &packages(&lots), false, &[]);
    });
}

/// What was loaded into an aircraft that has left.
pub(super) fn load<'g>(m: &mut Making<'g>, flight: &Flight<'g>) {
    m.tree.within("Carrier", "ID", flight.airline.code);
    craft(m, flight);
    m.tree.close();
    waybills(m, flight, |m, flight| {
        let (tree, random) = (&mut *m.tree, &mut m.random);
        tree.open("LoadingLocation");
        tree.leaf("ID", flight.home());
        let loading = flight.departure.minutes_earlier(random.between(40, 180));
        tree.leaf("LoadingDate", loading.zoned());
        tree.close();
        let lots = lots(random);
        totals(tree, &packages(&lots));
        tree.leaf(
            "TransportSplitIndicator",
            if random.percent(92) { "0" } else { "1" },
        );
        named(tree, &lots);
    });
}

/// What was counted: from an aircraft that arrived, or into one that left.
pub(super) fn tally<'g>(m: &mut Making<'g>, flight: &Flight<'g>) {
    m.tree.leaf("DeclarationOfficeID", flight.office);
    craft(m, flight);
    let begun = if flight.import {
        flight.arrival.minutes_later(m.random.between(20, 60))
    } else {
        flight.departure.minutes_earlier(m.random.between(180, 360))
    };
    let done = begun.minutes_later(m.random.between(30, 170));
    m.tree.leaf("ActualDateTime", begun.zoned());
    m.tree.leaf("CompletedDateTime", done.zoned());
    m.tree.close();
    let place = if flight.import {
        "UnloadingLocation"
    } else {
        "LoadingLocation"
    };
    m.tree.within(place, "ID", flight.home());
    m.tree.open_in_order("TallyParty");
    m.tree.leaf("ID", &flight.forwarder.organisation);
    m.tree.open_in_order("Contact");
    m.tree.leaf("Name", person(&mut m.random));
    telephone(m.tree, &flight.forwarder.phone);
    m.tree.close();
    m.tree.close();
    waybills(m, flight, |m, _| {
        m.tree.open("ConsignmentPackaging");
        m.tree.leaf("QuantityQuantity", m.random.between(1, 90));
        m.tree.leaf("TypeCode", "22");
        m.tree.close();
    });
}

/// The flight; the element stays open.
fn craft(m: &mut Making<'_>, flight: &Flight<'_>) {
    m.tree.open("BorderTransportMeans");
    m.tree.leaf("JourneyID", flight.journey(&mut m.random));
    m.tree.leaf("TypeCode", "4");
    if m.random.percent(60) {
        let registration = flight.airline.registration(&mut m.random);
        m.tree.leaf("ID", registration.replace('-', ""));
    }
}
