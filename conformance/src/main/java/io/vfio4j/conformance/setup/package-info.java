@NullMarked
package io.vfio4j.conformance.setup;

import org.jspecify.annotations.NullMarked;
