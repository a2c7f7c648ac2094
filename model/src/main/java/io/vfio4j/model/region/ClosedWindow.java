// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

/** The data window of a device that neither saves nor resumes, or has no data before it is stopped. */
record ClosedWindow() implements DataWindow {
}
