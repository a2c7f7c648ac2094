// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalException;

/**
 * A journal in which the devices of a command have addresses that {@code recover} finds them by, from whatever directory
 * it is started in.
 *
 * @param journal where it is written
 */
record AbsoluteAddressJournal(Journal journal) implements Journal {

  @Override
  public Entries begin(Header heading) throws JournalException {
    return journal.begin(new Header(heading.migration(), heading.side(),
        heading.devices().stream().map(AbsoluteAddressJournal::absolute).toList(), heading.peer()));
  }

  private static String absolute(String name) {
    try {
      return DeviceAddress.parse(name).absolute();
    } catch (IllegalArgumentException e) {
      return name; // Not an address of a command's.
    }
  }
}
