@NullMarked
package io.vfio4j.model.region;

import org.jspecify.annotations.NullMarked;
