/** The input of the suite: the device, the knowledge of its kind, and the options. */
@NullMarked
package io.vfio4j.conformance.setup;

import org.jspecify.annotations.NullMarked;
