// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalException;

/**
 * A journal that records absolute device addresses, so that {@code recover} works from any directory.
 *
 * @param journal the journal written to
 */
record AbsoluteAddressJournal(Journal journal) implements Journal {

  @Override
  public Entries begin(Header header) throws JournalException {
    return journal.begin(new Header(header.migration(), header.side(),
        header.devices().stream().map(AbsoluteAddressJournal::absolute).toList(), header.peer()));
  }

  private static String absolute(String name) {
    try {
      return DeviceAddress.parse(name).absolute();
    } catch (IllegalArgumentException e) {
      return name; // Not an address of the command line.
    }
  }
}
