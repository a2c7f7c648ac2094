@NullMarked
package io.vfio4j.conformance.harness;

import org.jspecify.annotations.NullMarked;
