// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.report;

import java.util.Locale;

/** The groups of checks, in the order of reports. */
public enum CheckGroup {
  /** The device when it has just been opened. */
  INITIAL("Initial state"),
  /** Every pair of states, and state numbers that do not exist. */
  TRANSITIONS("Transitions"),
  /** The states passed through, where they can be observed. */
  PATHS("Paths between states"),
  /** The lifetime of data sessions. */
  SESSIONS("Data sessions"),
  /** Reading the state of a running device. */
  PRE_COPY("Pre-copy"),
  /** Reading the state of a stopped device. */
  SAVING("Saving"),
  /** Writing a state, valid or not. */
  RESUMING("Resuming"),
  /** The log of memory written by DMA. */
  DMA_LOG("DMA logging"),
  /** Reset from every state. */
  RESET("Reset"),
  /** Closing the device and opening it again. */
  REOPENING("Reopening"),
  /** Regions while the device is stopped. */
  REGIONS("Regions"),
  /** The header of the migration region of version 1. */
  V1_REGION("Version 1: the region"),
  /** Writes to its field device_state. */
  V1_STATES("Version 1: states"),
  /** Data transfer through its data window. */
  V1_DATA("Version 1: data"),
  /** The state ERROR, where it can be provoked. */
  ERROR("ERROR"),
  /** Durations. */
  TIMES("Times"),
  /** A device that a VMM is using, which must not be disturbed. These checks have a run of their own. */
  IN_USE("Device in use");

  private final String title;

  CheckGroup(String title) {
    this.title = title;
  }

  /** Returns the group's title. */
  public String title() {
    return title;
  }

  /** Returns the group's name for files and command lines, as in {@code dma-log}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
