@NullMarked
package io.vfio4j.conformance.checks;

import org.jspecify.annotations.NullMarked;
