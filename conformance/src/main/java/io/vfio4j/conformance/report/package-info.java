@NullMarked
package io.vfio4j.conformance.report;

import org.jspecify.annotations.NullMarked;
