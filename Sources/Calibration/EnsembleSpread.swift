internal import Glibc

/// What the members of an ensemble say together, and how far their doubt is the data's or their own.
///
/// Lakshminarayanan, Pritzel, Blundell, NeurIPS 2017 (arXiv:1612.01474). The split is the model's own
/// opinion and promises nothing; conformal methods on top of it do.
public enum EnsembleSpread {
    /// A mean and what its variance is made of, in the square of its unit.
    public struct Regression: Equatable, Sendable {
        /// The mean of the members' means.
        public let mean: Double
        /// The mean of the members' variances: noise that more training would not remove.
        public let aleatoric: Double
        /// The variance of the members' means (over M, not M - 1): what training left open.
        public let epistemic: Double

        /// The square root of both variances together.
        public var sigma: Double { (aleatoric + epistemic).squareRoot() }
    }

    /// Probabilities and what their entropy is made of, in nats.
    public struct Classes: Equatable, Sendable {
        /// Entropy of the mean probabilities: all doubt.
        public let entropy: Double
        /// The members' mean entropy.
        public let aleatoric: Double
        /// The difference, the mutual information of class and member; not negative.
        public let epistemic: Double
    }

    /// Members' means and standard deviations, as many of both, at least one.
    ///
    /// Sums in the order of the members, so that the same event has the same bits.
    public static func regression(
        means: Span<Float>,
        sigmas: Span<Float>
    ) -> Regression {
        precondition(means.count == sigmas.count && means.count > 0, "as many of both")
        let members = Double(means.count)
        var sum = 0.0
        var variance = 0.0
        for index in means.indices {
            sum += Double(means[index])
            variance += Double(sigmas[index]) * Double(sigmas[index])
        }
        let mean = sum / members
        var spread = 0.0
        for index in means.indices {
            let distance = Double(means[index]) - mean
            spread += distance * distance
        }
        return Regression(mean: mean, aleatoric: variance / members, epistemic: spread / members)
    }

    /// Members' probabilities, member after member, each of `classes`; writes their mean.
    ///
    /// `mean` has room for `classes` numbers.
    public static func classes(
        probabilities: Span<Float>,
        classes: Int,
        mean: inout MutableSpan<Float>
    ) -> Classes {
        precondition(classes > 0 && mean.count == classes, "room for every class")
        precondition(
            probabilities.count >= classes && probabilities.count.isMultiple(of: classes),
            "all classes of every member"
        )
        let members = probabilities.count / classes
        var ofMembers = 0.0
        for index in probabilities.indices { ofMembers += surprise(Double(probabilities[index])) }
        var entropy = 0.0
        for one in 0..<classes {
            var sum = 0.0
            for member in 0..<members { sum += Double(probabilities[member * classes + one]) }
            let probability = sum / Double(members)
            mean[one] = Float(probability)
            entropy += surprise(probability)
        }
        let aleatoric = ofMembers / Double(members)
        return Classes(
            entropy: entropy,
            aleatoric: aleatoric,
            // Rounding alone can make it negative.
            epistemic: max(0, entropy - aleatoric)
        )
    }

    /// -p ln p, 0 for 0.
    private static func surprise(_ probability: Double) -> Double {
        probability == 0 ? 0 : -probability * log(probability)
    }
}
