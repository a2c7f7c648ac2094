// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.devices.idio16.Idio16Layout;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The PCI-IDIO-16 card, with each output wired to the input of the same number, under Linux's driver. */
class Idio16GuestIT {

  private static final String DRIVER = "pci-idio-16";
  private static final int LINES = 16;

  @RegisterExtension
  static final GuestExtension GUESTS = new GuestExtension();

  private static Guest guest;
  private static GuestFunction card;
  /** The GPIO number of the card's first line. */
  private static int base;

  @BeforeAll
  static void boot() throws Exception {
    ChildServer server = GUESTS.serve("idio-16", "--loopback");
    guest =
        GUESTS.boot(GuestSettings.DEFAULT.withFlavour(GuestKernel.GENERIC).withDevice(server.socket(), 3));
    card = guest.function("0000:00:03.0");
    find();
    for (int line = 0; line < LINES; line++) {
      export(line);
    }
  }

  private static void find() throws Exception {
    List<String> chips = guest.runChecked("ls -d /sys/class/gpio/gpiochip*");
    assertThat(chips).hasSize(1);
    String chip = chips.getFirst();
    base = Integer.parseInt(guest.runChecked("cat " + chip + "/base").getFirst());
    assertThat(guest.runChecked("cat " + chip + "/ngpio")).containsExactly(Integer.toString(2 * LINES));
  }

  private static void export(int line) throws Exception {
    guest.runChecked("echo " + (base + line) + " >/sys/class/gpio/export");
    guest.runChecked("echo " + (base + LINES + line) + " >/sys/class/gpio/export");
  }

  /** Returns the sysfs folder of an output, by the name that the driver gives it. */
  private static String output(int line) {
    return "/sys/class/gpio/OUT" + line;
  }

  private static String input(int line) {
    return "/sys/class/gpio/IIN" + line;
  }

  private static void set(int line, boolean on) throws Exception {
    guest.runChecked("echo " + (on ? 1 : 0) + " >" + output(line) + "/value");
  }

  private static boolean isOn(String line) throws Exception {
    return guest.runChecked("cat " + line + "/value").getFirst().equals("1");
  }

  @Test
  void bindsDriver() throws Exception {
    assertThat(card.number("vendor")).isEqualTo(Idio16Layout.VENDOR_ID);
    assertThat(card.number("device")).isEqualTo(Idio16Layout.DEVICE_ID);
    assertThat(guest.runChecked("basename $(readlink /sys/bus/pci/devices/" + card.address() + "/driver)"))
        .containsExactly(DRIVER);
    // Lines have a fixed direction, so they have no direction attribute.
    for (int line = 0; line < LINES; line++) {
      guest.runChecked("[ -e " + output(line) + "/value ] && [ ! -e " + output(line) + "/direction ]");
      guest.runChecked("[ -e " + input(line) + "/value ] && [ ! -e " + input(line) + "/direction ]");
    }
  }

  @Test
  void readsOutputsBackThroughInputs() throws Exception {
    for (int line = 0; line < LINES; line++) {
      set(line, false);
    }
    for (int line = 0; line < LINES; line++) {
      set(line, true);
      assertThat(isOn(output(line))).as("output %d", line).isTrue();
      for (int other = 0; other < LINES; other++) {
        assertThat(isOn(input(other))).as("input %d with output %d on", other, line).isEqualTo(other == line);
      }
      set(line, false);
    }
  }

  @Test
  void interruptsOnInputChange() throws Exception {
    guest.runChecked("echo both >" + input(9) + "/edge");
    long before = interrupts();
    set(9, true);
    set(9, false);
    assertThat(interrupts()).isGreaterThan(before);
    guest.runChecked("echo none >" + input(9) + "/edge");
    long after = interrupts();
    set(9, true);
    set(9, false);
    assertThat(interrupts()).as("edge detection is off").isEqualTo(after);
  }

  /** Returns the number of interrupts that the driver has handled. */
  private static long interrupts() throws Exception {
    return guest.runChecked("grep -E '" + DRIVER + "|" + card.address() + "' /proc/interrupts").stream()
        .mapToLong(line -> Long.parseLong(line.trim().split("\\s+", -1)[1])).sum();
  }

  @Test
  void rebindsDriver() throws Exception {
    set(3, true);
    card.unbind();
    assertThat(guest.run("ls " + output(3)).status()).as("unbinding removes the lines").isNotZero();
    card.bind(DRIVER);
    find();
    for (int line = 0; line < LINES; line++) {
      export(line);
    }
    for (boolean on : new boolean[] {true, false}) {
      set(3, on);
      assertThat(isOn(input(3))).isEqualTo(on);
    }
  }
}
