// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.parked;

import io.vfio4j.vfiouser.device.DeviceDescription.Region;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * The config space of a device as a VMM sees it that does not own it: as after a reset, with the bits that the VMM has
 * written. Writable are the bits that a type 0 header and the standard capabilities define so; a VMM that finds others
 * changed would take the device for a broken one (PCI Local Bus Specification 3.0, sections 6.1 and 6.2.5, 6.8).
 */
final class ParkedConfigSpace {

  private static final int COMMAND = 0x04;
  private static final int STATUS = 0x06;
  private static final int STATUS_CAPABILITIES = 0x10;
  private static final int CACHE_LINE_SIZE = 0x0c;
  private static final int LATENCY_TIMER = 0x0d;
  private static final int BIST = 0x0f;
  private static final int BARS = 0x10;
  private static final int BAR_COUNT = 6;
  private static final int ROM = 0x30;
  private static final int ROM_REGION = 6;
  private static final int CAPABILITIES = 0x34;
  private static final int INTERRUPT_LINE = 0x3c;
  private static final int HEADER_SIZE = 0x40;
  private static final int LEGACY_SIZE = 0x100;
  private static final int CAPABILITY_HEADER = 2;
  private static final int MSIX = 0x11;
  private static final int MSIX_SIZE = 12;
  /** Enable and function mask, in the upper byte of message control. */
  private static final int MSIX_CONTROL_BITS = 0xc0;
  private static final int BAR_IO = 1;
  private static final int BAR_TYPE = 6;
  private static final int BAR_64_BIT = 4;

  private final byte[] initial;
  private final byte[] content;
  private final byte[] writable;

  /**
   * @param initial the config space of the device after a reset
   * @param regions its regions
   */
  ParkedConfigSpace(byte[] initial, List<Region> regions) {
    this.initial = initial.clone();
    this.content = initial.clone();
    this.writable = new byte[initial.length];
    if (initial.length >= HEADER_SIZE) {
      Arrays.fill(writable, HEADER_SIZE, writable.length, (byte) 0xff);
      permit(COMMAND, 0xffff);
      for (int register : List.of(CACHE_LINE_SIZE, LATENCY_TIMER, BIST, INTERRUPT_LINE)) {
        permit(register, 0xff);
      }
      permitBars(regions);
      protectCapabilities();
    }
  }

  private void permit(int offset, long bits) {
    for (int i = 0; i < Long.BYTES && offset + i < writable.length; i++) {
      writable[offset + i] |= (byte) (bits >>> (Byte.SIZE * i));
    }
  }

  private void permitBars(List<Region> regions) {
    for (int bar = 0; bar < BAR_COUNT; bar++) {
      long size = regions.get(bar).size();
      int flags = initial[BARS + Integer.BYTES * bar];
      boolean is64Bit = (flags & BAR_IO) == 0 && (flags & BAR_TYPE) == BAR_64_BIT;
      if (size > 0) {
        long bits = -Long.highestOneBit(size) & ~0xfL;
        permit(BARS + Integer.BYTES * bar, is64Bit ? bits : bits & 0xffff_ffffL);
      }
      if (is64Bit) {
        bar++;
      }
    }
    long romSize = regions.get(ROM_REGION).size();
    if (romSize > 0) {
      permit(ROM, (-Long.highestOneBit(romSize) | 1) & 0xffff_ffffL);
    }
  }

  private void protectCapabilities() {
    if ((initial[STATUS] & STATUS_CAPABILITIES) == 0) {
      return;
    }
    boolean[] seen = new boolean[LEGACY_SIZE];
    int at = initial[CAPABILITIES] & 0xfc;
    while (at >= HEADER_SIZE && at + MSIX_SIZE <= Math.min(LEGACY_SIZE, initial.length) && !seen[at]) {
      seen[at] = true;
      Arrays.fill(writable, at, at + CAPABILITY_HEADER, (byte) 0);
      if (initial[at] == MSIX) {
        Arrays.fill(writable, at, at + MSIX_SIZE, (byte) 0);
        writable[at + 3] = (byte) MSIX_CONTROL_BITS;
      }
      at = initial[at + 1] & 0xfc;
    }
  }

  void read(long offset, MemorySegment into) {
    MemorySegment.copy(content, (int) offset, into, ValueLayout.JAVA_BYTE, 0, (int) into.byteSize());
  }

  void write(long offset, MemorySegment data) {
    for (int i = 0; i < data.byteSize(); i++) {
      int at = (int) offset + i;
      content[at] = (byte) ((content[at] & ~writable[at])
          | (data.get(ValueLayout.JAVA_BYTE, i) & writable[at]));
    }
  }

  void reset() {
    System.arraycopy(initial, 0, content, 0, content.length);
  }
}
