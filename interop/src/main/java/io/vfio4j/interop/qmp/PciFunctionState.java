// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.qmp;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * QEMU's own view of a vfio-user device, which it does not migrate: the registers of config space that a guest can
 * change, and the MSI-X table, which QEMU emulates.
 *
 * @param address the function's address, such as {@code 0000:01:00.0}
 * @param command the command register
 * @param registers the other registers, in the order in which they are restored
 * @param msix MSI-X, if the function has it
 */
public record PciFunctionState(String address, int command, List<Register> registers, Optional<Msix> msix) {

  private static final int COMMAND = 0x04;
  private static final int COMMAND_MEMORY = 1 << 1;
  private static final int COMMAND_INTX_DISABLE = 1 << 10;
  private static final int CACHE_LINE_SIZE = 0x0c;
  private static final int LATENCY_TIMER = 0x0d;
  private static final int FIRST_BAR = 0x10;
  private static final int BARS = 6;
  private static final int BAR_64_BIT = 0x4;
  private static final int BAR_ADDRESS = ~0xf;
  private static final int ROM = 0x30;
  private static final int INTERRUPT_LINE = 0x3c;
  private static final int MSIX_MASK_ALL = 1 << 14;
  private static final int ENTRY_SIZE = 16;
  private static final int CHUNK = 1024;
  /** A line of HMP's command xp with bytes. */
  private static final Pattern DUMP = Pattern.compile("[0-9a-f]+:((?: 0x[0-9a-f]{2})+)");

  /**
   * A register.
   *
   * @param offset its offset in config space
   * @param width its width in bytes
   * @param value its value
   */
  public record Register(int offset, int width, int value) {
  }

  /**
   * MSI-X.
   *
   * @param controlOffset the offset of its control register in config space
   * @param control the control register
   * @param tableAddress the physical address of the table
   * @param table the table; empty if the function does not decode memory
   */
  @SuppressWarnings("ArrayRecordComponent") // Not compared.
  public record Msix(int controlOffset, int control, long tableAddress, byte[] table) {
  }

  /** Copies the list. */
  public PciFunctionState {
    registers = List.copyOf(registers);
  }

  /** Reads the state of a function of a VM that is stopped. */
  public static PciFunctionState read(QmpClient qmp, String address) throws IOException {
    try (PciConfig config = PciConfig.open(qmp, address)) {
      List<Register> registers = new ArrayList<>();
      for (int i = 0; i < BARS; i++) {
        add(registers, config, FIRST_BAR + i * Integer.BYTES, Integer.BYTES);
      }
      add(registers, config, ROM, Integer.BYTES);
      add(registers, config, CACHE_LINE_SIZE, 1);
      add(registers, config, LATENCY_TIMER, 1);
      add(registers, config, INTERRUPT_LINE, 1);
      PciCapabilities capabilities = PciCapabilities.read(config);
      for (PciCapabilities.Field field : capabilities.writable()) {
        add(registers, config, field.offset(), field.width());
      }
      int command = config.read(COMMAND, 2);
      Optional<Msix> msix = capabilities.msix().isEmpty() ? Optional.empty()
          : Optional.of(readMsix(qmp, config, capabilities.msix().getAsInt(), command));
      return new PciFunctionState(address, command, registers, msix);
    }
  }

  private static void add(List<Register> registers, PciConfig config, int offset, int width)
      throws IOException {
    registers.add(new Register(offset, width, config.read(offset, width)));
  }

  private static Msix readMsix(QmpClient qmp, PciConfig config, int capability, int command)
      throws IOException {
    int control = config.read(capability + 2, 2);
    int table = config.read(capability + 4, Integer.BYTES);
    long address = barAddress(config, table & 7) + (table & ~7);
    int size = ((control & 0x7ff) + 1) * ENTRY_SIZE;
    boolean isDecoded = (command & COMMAND_MEMORY) != 0;
    return new Msix(capability + 2, control, address,
        isDecoded ? readPhysical(qmp, address, size) : new byte[0]);
  }

  private static long barAddress(PciConfig config, int bar) throws IOException {
    int offset = FIRST_BAR + bar * Integer.BYTES;
    int low = config.read(offset, Integer.BYTES);
    long high = (low & BAR_64_BIT) != 0 ? config.read(offset + Integer.BYTES, Integer.BYTES) : 0;
    return high << Integer.SIZE | Integer.toUnsignedLong(low & BAR_ADDRESS);
  }

  private static byte[] readPhysical(QmpClient qmp, long address, int size) throws IOException {
    String printed = qmp.executeHuman("xp /%dxb 0x%x".formatted(size, address));
    StringBuilder digits = new StringBuilder();
    for (String line : printed.lines().toList()) {
      Matcher matcher = DUMP.matcher(line.strip());
      if (!matcher.matches()) {
        throw new IOException("xp: QEMU printed: " + line);
      }
      digits.append(matcher.group(1).replace(" 0x", ""));
    }
    byte[] bytes = HexFormat.of().parseHex(digits);
    if (bytes.length != size) {
      throw new IOException("xp: %d bytes instead of %d".formatted(bytes.length, size));
    }
    return bytes;
  }

  /**
   * Disables INTx at a VM that is stopped and about to migrate. Without it, QEMU migrates the level of an asserted
   * interrupt, which nothing lowers at the target.
   */
  public void disableIntx(QmpClient qmp) throws IOException {
    writeCommand(qmp, command | COMMAND_INTX_DISABLE);
  }

  /** Writes the command register as it was read. */
  public void restoreCommand(QmpClient qmp) throws IOException {
    writeCommand(qmp, command);
  }

  private void writeCommand(QmpClient qmp, int value) throws IOException {
    try (PciConfig config = PciConfig.open(qmp, address)) {
      config.write(COMMAND, 2, value);
    }
  }

  /**
   * Writes the state to the same function of another VM, which is stopped.
   *
   * @param socket the path of a UNIX socket for the gdb stub
   */
  public void restore(QmpClient qmp, Path socket) throws IOException {
    try (PciConfig config = PciConfig.open(qmp, address)) {
      for (Register register : registers) {
        config.write(register.offset, register.width, register.value);
      }
      // Memory is decoded only now, when all BARs have their addresses.
      config.write(COMMAND, 2, command);
      if (msix.isPresent()) {
        restoreMsix(msix.get(), qmp, config, socket);
      }
    }
  }

  /** Writes the table while all vectors are masked, so that QEMU enables each only once. */
  private static void restoreMsix(Msix msix, QmpClient qmp, PciConfig config, Path socket)
      throws IOException {
    config.write(msix.controlOffset, 2, msix.control | MSIX_MASK_ALL);
    if (msix.table.length > 0) {
      try (GdbStub stub = GdbStub.open(qmp, socket)) {
        for (int at = 0; at < msix.table.length; at += CHUNK) {
          int end = Math.min(msix.table.length, at + CHUNK);
          stub.write(msix.tableAddress + at, Arrays.copyOfRange(msix.table, at, end));
        }
      }
    }
    config.write(msix.controlOffset, 2, msix.control);
  }
}
