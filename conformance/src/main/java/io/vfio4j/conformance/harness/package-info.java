/** The operations that checks share. It does not depend on the checks; see {@link io.vfio4j.conformance.harness.CheckIds}. */
@NullMarked
package io.vfio4j.conformance.harness;

import org.jspecify.annotations.NullMarked;
