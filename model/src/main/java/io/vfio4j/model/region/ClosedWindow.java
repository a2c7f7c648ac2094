// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

/** The window of a device that neither saves nor resumes, or has nothing to say while it runs. */
record ClosedWindow() implements DataWindow {
}
