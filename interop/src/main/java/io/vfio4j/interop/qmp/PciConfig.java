// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.qmp;

import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The first 256 bytes of the config space of a PCI function as the guest sees it, accessed through the monitor's port
 * input and output while the VM is stopped. Closing restores the address register, which the guest may have set.
 */
final class PciConfig implements AutoCloseable {

  private static final int ADDRESS_PORT = 0xcf8;
  private static final int DATA_PORT = 0xcfc;
  private static final int ENABLE = 0x8000_0000;
  /** The output of HMP's command i. */
  private static final Pattern INPUT = Pattern.compile("port.\\[0x[0-9a-f]+\\] = 0x([0-9a-f]+)\\s*");
  private static final Pattern ADDRESS =
      Pattern.compile("0000:([0-9a-f]{2}):([0-9a-f]{2})\\.([0-7])");

  private final QmpClient qmp;
  private final int function;
  private final int savedAddress;

  private PciConfig(QmpClient qmp, int function, int savedAddress) {
    this.qmp = qmp;
    this.function = function;
    this.savedAddress = savedAddress;
  }

  /**
   * Opens the config space of a function.
   *
   * @param address the function's address, such as {@code 0000:01:00.0}
   */
  static PciConfig open(QmpClient qmp, String address) throws IOException {
    Matcher matcher = ADDRESS.matcher(address);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("not the address of a function in PCI segment 0: " + address);
    }
    int function = Integer.parseInt(matcher.group(1), 16) << 16 | Integer.parseInt(matcher.group(2), 16) << 11
        | Integer.parseInt(matcher.group(3)) << 8;
    return new PciConfig(qmp, function, input(qmp, ADDRESS_PORT, Integer.BYTES));
  }

  /**
   * Reads little-endian.
   *
   * @param offset 0 to 255, a multiple of the width
   * @param width 1, 2 or 4 bytes
   */
  int read(int offset, int width) throws IOException {
    select(offset);
    return input(qmp, DATA_PORT + offset % Integer.BYTES, width);
  }

  /** Writes; the parameters are those of {@link #read}. */
  void write(int offset, int width, int value) throws IOException {
    select(offset);
    output(qmp, DATA_PORT + offset % Integer.BYTES, width, value);
  }

  private void select(int offset) throws IOException {
    output(qmp, ADDRESS_PORT, Integer.BYTES, ENABLE | function | (offset & 0xfc));
  }

  private static int input(QmpClient qmp, int port, int width) throws IOException {
    String printed = qmp.executeHuman("i /%s 0x%x".formatted(format(width), port));
    Matcher matcher = INPUT.matcher(printed);
    if (!matcher.matches()) {
      throw new IOException("port 0x%x: QEMU printed: %s".formatted(port, printed));
    }
    return Integer.parseUnsignedInt(matcher.group(1), 16);
  }

  private static void output(QmpClient qmp, int port, int width, int value) throws IOException {
    String printed =
        qmp.executeHuman("o /%s 0x%x 0x%s".formatted(format(width), port, Integer.toHexString(value)));
    if (!printed.isEmpty()) {
      throw new IOException("port 0x%x: QEMU printed: %s".formatted(port, printed));
    }
  }

  private static char format(int width) {
    return switch (width) {
      case 1 -> 'b';
      case 2 -> 'h';
      case 4 -> 'w';
      default -> throw new IllegalArgumentException("an access of %d bytes".formatted(width));
    };
  }

  @Override
  public void close() throws IOException {
    output(qmp, ADDRESS_PORT, Integer.BYTES, savedAddress);
  }
}
