// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.report;

/** What a run of the suite comes to. */
public enum Outcome {

  /** At least one check of the groups asked for was applicable, and none failed. */
  CONFORMANT("no check failed"),

  /** A check failed. */
  NOT_CONFORMANT("not conformant"),

  /** No check failed, but the device cannot migrate. */
  CANNOT_MIGRATE("not judged, since the device cannot migrate"),

  /** No check failed, but no check of the groups asked for was applicable. */
  NOTHING_APPLICABLE("not judged, since no check is applicable");

  private final String description;

  Outcome(String words) {
    this.description = words;
  }

  /** Returns the outcome in words, in lower case. */
  public String description() {
    return description;
  }
}
